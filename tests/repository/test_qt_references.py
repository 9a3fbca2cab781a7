"""Qt for Python keeps Python's reference counts right.

PySide6-Essentials 6.12.0 loses one reference to None in every call that returns None on Python 3.11; the
program then dies after some thousand calls, which short tests never make.
"""

import subprocess
import sys

CALLS = 300
COUNT = f"""
import sys
from PySide6.QtCore import QCoreApplication
application = QCoreApplication([])
application.processEvents()
before = sys.getrefcount(None)
for _ in range({CALLS}):
    application.processEvents()
print(sys.getrefcount(None) - before)
"""


def test_none_loses_no_reference_over_many_calls() -> None:
    result = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    assert int(result.stdout) > -CALLS // 10
