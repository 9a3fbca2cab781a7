"""The window's style sheet, with a token's name where a colour goes (see `widgets.theme`)."""

SHEET = """
* { outline: none; }
QWidget { color: $text; font-size: ${text_px}px; }
QMainWindow, QDialog, QWidget[surface="ground"] { background: $ground; }
QWidget[surface="panel"] { background: $panel; }
QWidget[surface="raised"] { background: $raised; border-radius: 4px; }
QFrame[surface="sheet"] { background: $panel; border: 1px solid $control; border-radius: 8px; }

QLabel { background: transparent; }
QLabel[role="title"] { color: $text_quiet; font-size: ${small_px}px; font-weight: 600; }
QLabel[role="quiet"] { color: $text_quiet; }
QLabel[role="caption"] { color: $text_quiet; font-size: ${small_px}px; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="saved"] { color: $saved; }
QLabel[role="look-again"] { color: $look_again; }
QLabel[role="failed"] { color: $failed; }
QLabel:disabled { color: $control; }

QPushButton, QToolButton, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox {
  background: $raised; color: $text; border: 1px solid $control; border-radius: 4px;
  padding: 4px 8px; selection-background-color: $selection; selection-color: $text;
}
QPushButton { padding: 5px 12px; }
QPushButton:hover, QToolButton:hover, QComboBox:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $line; }
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled, QLineEdit:disabled,
QSpinBox:disabled, QDoubleSpinBox:disabled, QPlainTextEdit:disabled, QTextEdit:disabled {
  color: $control; border-color: $line; background: $panel;
}
QPushButton[role="primary"] {
  background: $accent; color: $on_accent; border-color: $accent; font-weight: 600;
}
QPushButton[role="primary"]:hover { background: $accent_hover; }
QPushButton[role="primary"]:focus { border: 2px solid $text; padding: 4px 11px; }
QPushButton[role="primary"]:disabled {
  background: $raised; color: $control; border-color: $line; font-weight: 600;
}
QPushButton[role="flat"], QToolButton { background: transparent; border-color: transparent; }
QPushButton[role="flat"]:hover, QToolButton:hover { background: $hover; }
QToolButton:disabled { background: transparent; border-color: transparent; }
QToolButton { padding: 4px; }
QToolButton[role="choice"] { background: $raised; border-color: $line; }
QToolButton[role="choice"]:hover { background: $hover; }
QToolButton[role="choice"]:disabled { background: $panel; border-color: $line; }
QToolButton:checked, QToolButton[role="choice"]:checked { background: $selection; border-color: $accent; }
QToolButton::menu-indicator { image: none; }
QToolButton[popupMode="2"] { padding-right: 10px; }
QToolButton[popupMode="2"]::menu-indicator {
  image: url("$drawings/chevron-down.svg"); width: 12px; height: 12px;
  subcontrol-origin: border; subcontrol-position: center right; right: 4px;
}
QPushButton:focus, QToolButton:focus { border: 1px solid $accent; }
QToolButton:checked:focus { border: 1px solid $text; }
QPushButton[role="key"] { padding: 2px 8px; border-color: $line; }
QPushButton[role="key"]:hover { border-color: $control; }
QPushButton[role="key"][changed="true"] { color: $accent; font-weight: 600; }
QPushButton[role="key"]:focus { border-color: $accent; background: $hover; }
QToolButton[popupMode="1"] { padding-right: 18px; }
QToolButton::menu-button { border: none; width: 16px; }
QToolButton::menu-button:hover { background: $hover; }
QToolButton::menu-arrow { image: url("$drawings/chevron-down.svg"); width: 12px; height: 12px; }
QComboBox:focus, QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus,
QDoubleSpinBox:focus { border: 1px solid $accent; }

QComboBox { padding-right: 20px; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$drawings/chevron-down.svg"); width: 16px; height: 16px; }
QComboBox QAbstractItemView {
  background: $raised; border: 1px solid $control; selection-background-color: $selection;
  selection-color: $text; padding: 4px;
}
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
  border: none; background: transparent; width: 16px;
}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {
  image: url("$drawings/chevron-up.svg"); width: 12px; height: 12px;
}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {
  image: url("$drawings/chevron-down.svg"); width: 12px; height: 12px;
}

QCheckBox, QRadioButton { spacing: 8px; background: transparent; padding: 2px 4px 2px 2px; }
QCheckBox::indicator, QRadioButton::indicator {
  width: 14px; height: 14px; border: 1px solid $control; background: $ground;
}
QCheckBox::indicator { border-radius: 3px; }
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:hover, QRadioButton::indicator:hover { background: $hover; }
QCheckBox::indicator:checked, QRadioButton::indicator:checked, QCheckBox::indicator:indeterminate {
  background: $accent; border-color: $accent;
}
QCheckBox::indicator:checked { image: url("$drawings/check.svg"); }
QCheckBox::indicator:indeterminate { image: url("$drawings/partial.svg"); }
QRadioButton::indicator:checked { image: url("$drawings/dot.svg"); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled {
  border-color: $line; background: $raised;
}
QCheckBox:focus, QRadioButton:focus {
  border: 1px solid $accent; border-radius: 4px; padding: 1px 3px 1px 1px;
}
QCheckBox:disabled, QRadioButton:disabled { color: $control; }

QSlider { background: transparent; min-height: 20px; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $control; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $accent; }
QSlider::handle:horizontal {
  width: 12px; height: 12px; margin: -5px 0; border-radius: 7px; background: $text; border: 1px solid $ground;
}
QSlider::handle:horizontal:focus { background: $accent; border: 2px solid $text; width: 10px; height: 10px; }
QSlider::sub-page:horizontal:disabled, QSlider::groove:horizontal:disabled { background: $line; }
QSlider::handle:horizontal:disabled { background: $control; }

QProgressBar {
  background: $raised; border: none; border-radius: 2px; min-height: 4px; max-height: 4px;
}
QProgressBar::chunk { background: $accent; border-radius: 2px; }

QAbstractItemView {
  background: $panel; alternate-background-color: $panel; border: none; gridline-color: $line;
  selection-background-color: $selection; selection-color: $text;
}
QAbstractItemView::item { padding: 4px; }
QAbstractItemView::item:hover { background: $raised; }
QAbstractItemView::item:selected { background: $selection; color: $text; }
QListView::item:focus, QTableView::item:focus, QTreeView::item:focus { border: 1px solid $accent; }
QHeaderView { background: $panel; }
QHeaderView::section {
  background: $panel; color: $text_quiet; border: none; border-bottom: 1px solid $line; padding: 4px 8px;
  font-size: ${small_px}px;
}
QTreeView::branch:closed:has-children { image: url("$drawings/chevron-right.svg"); }
QTreeView::branch:open:has-children { image: url("$drawings/chevron-down.svg"); }

QScrollArea { background: transparent; border: none; }
QScrollArea:focus { border: 1px solid $accent; }
QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: 12px; }
QScrollBar:horizontal { height: 12px; }
QScrollBar::handle { background: $control; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $text_quiet; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: transparent; border: none; width: 0; height: 0;
}

QTabWidget::pane { border: none; border-top: 1px solid $line; }
QTabBar { background: transparent; }
QTabBar::tab {
  background: transparent; color: $text_quiet;
  border: 1px solid transparent; border-bottom: 2px solid transparent;
  padding: 6px 12px;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom-color: $accent; }
QTabBar::tab:focus { border: 1px solid $accent; border-bottom: 2px solid $accent; }

QToolBar { background: $ground; border: none; border-bottom: 1px solid $line; padding: 4px; spacing: 4px; }
QToolBar::separator { background: $line; width: 1px; margin: 4px; }
QStatusBar { background: $ground; color: $text_quiet; border-top: 1px solid $line; }
QStatusBar::item { border: none; }
QMenu { background: $raised; border: 1px solid $control; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $control; }
QMenu::separator { height: 1px; background: $line; margin: 4px; }
QMenuBar { background: $ground; }
QMenuBar::item { padding: 4px 8px; background: transparent; }
QMenuBar::item:selected { background: $selection; }
QToolTip { background: $raised; color: $text; border: 1px solid $control; padding: 4px 8px; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSplitter::handle:hover { background: $accent; }
QFrame[role="line"] { background: $line; border: none; max-height: 1px; min-height: 1px; }
"""
