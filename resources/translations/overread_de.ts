<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>Actions</name>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Mouse</source>
        <translation>Maus</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>Messen</translation>
    </message>
    <message>
        <source>Film</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>On the film</source>
        <translation>Auf der Aufnahme</translation>
    </message>
    <message>
        <source>Decide</source>
        <translation>Entscheiden</translation>
    </message>
    <message>
        <source>Studies</source>
        <translation>Untersuchungen</translation>
    </message>
    <message>
        <source>Heatmap</source>
        <translation>Heatmap</translation>
    </message>
    <message>
        <source>Cover and ask</source>
        <translation>Abdecken und fragen</translation>
    </message>
    <message>
        <source>Views</source>
        <translation>Ansichten</translation>
    </message>
    <message>
        <source>Program</source>
        <translation>Programm</translation>
    </message>
    <message>
        <source>Window and level</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Pan</source>
        <translation>Verschieben</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>Zoom</translation>
    </message>
    <message>
        <source>Scroll</source>
        <translation>Blättern</translation>
    </message>
    <message>
        <source>Magnifier</source>
        <translation>Lupe</translation>
    </message>
    <message>
        <source>Window of an area</source>
        <translation>Fenster aus Bereich</translation>
    </message>
    <message>
        <source>Zoom to an area</source>
        <translation>Bereich vergrößern</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Länge</translation>
    </message>
    <message>
        <source>Angle</source>
        <translation>Winkel</translation>
    </message>
    <message>
        <source>Cobb angle</source>
        <translation>Cobb-Winkel</translation>
    </message>
    <message>
        <source>Ellipse</source>
        <translation>Ellipse</translation>
    </message>
    <message>
        <source>Rectangle</source>
        <translation>Rechteck</translation>
    </message>
    <message>
        <source>Arrow</source>
        <translation>Pfeil</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Delete what is selected on the film</source>
        <translation>Ausgewählte Markierung löschen</translation>
    </message>
    <message>
        <source>Write to what is selected on the film</source>
        <translation>Ausgewählte Markierung beschriften</translation>
    </message>
    <message>
        <source>Delete all that you drew on the film</source>
        <translation>Alle eigenen Markierungen löschen</translation>
    </message>
    <message>
        <source>Automatic window</source>
        <translation>Automatisches Fenster</translation>
    </message>
    <message>
        <source>The file&apos;s own window</source>
        <translation>Fenster der Datei</translation>
    </message>
    <message>
        <source>The file&apos;s second window</source>
        <translation>Zweites Fenster der Datei</translation>
    </message>
    <message>
        <source>Preset 3  (CT: brain)</source>
        <translation>Fenster 3  (CT: Gehirn)</translation>
    </message>
    <message>
        <source>Preset 4  (CT: abdomen)</source>
        <translation>Fenster 4  (CT: Abdomen)</translation>
    </message>
    <message>
        <source>Preset 5  (CT: mediastinum)</source>
        <translation>Fenster 5  (CT: Mediastinum)</translation>
    </message>
    <message>
        <source>Preset 6  (CT: bone)</source>
        <translation>Fenster 6  (CT: Knochen)</translation>
    </message>
    <message>
        <source>Preset 7  (CT: lung)</source>
        <translation>Fenster 7  (CT: Lunge)</translation>
    </message>
    <message>
        <source>Preset 8</source>
        <translation>Fenster 8</translation>
    </message>
    <message>
        <source>Preset 9</source>
        <translation>Fenster 9</translation>
    </message>
    <message>
        <source>Invert</source>
        <translation>Invertieren</translation>
    </message>
    <message>
        <source>Turn right</source>
        <translation>Nach rechts drehen</translation>
    </message>
    <message>
        <source>Turn left</source>
        <translation>Nach links drehen</translation>
    </message>
    <message>
        <source>Flip left and right</source>
        <translation>Horizontal spiegeln</translation>
    </message>
    <message>
        <source>Fit to the view</source>
        <translation>Einpassen</translation>
    </message>
    <message>
        <source>One film pixel a screen pixel</source>
        <translation>Pixelgenau (1:1)</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Leave the tool, then reset the view</source>
        <translation>Werkzeug verlassen, dann Ansicht zurücksetzen</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>On</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Ten back</source>
        <translation>Zehn zurück</translation>
    </message>
    <message>
        <source>Ten on</source>
        <translation>Zehn weiter</translation>
    </message>
    <message>
        <source>First</source>
        <translation>Erstes</translation>
    </message>
    <message>
        <source>Last</source>
        <translation>Letztes</translation>
    </message>
    <message>
        <source>Cine</source>
        <translation>Cine</translation>
    </message>
    <message>
        <source>Cine: faster</source>
        <translation>Cine: schneller</translation>
    </message>
    <message>
        <source>Cine: slower</source>
        <translation>Cine: langsamer</translation>
    </message>
    <message>
        <source>Texts</source>
        <translation>Beschriftung</translation>
    </message>
    <message>
        <source>Hide patient data</source>
        <translation>Patientendaten verbergen</translation>
    </message>
    <message>
        <source>Graphics of the file</source>
        <translation>Grafik der Datei</translation>
    </message>
    <message>
        <source>Menu of the film</source>
        <translation>Menü der Aufnahme</translation>
    </message>
    <message>
        <source>Accept the suggestion and go on</source>
        <translation>Vorschlag übernehmen und weiter</translation>
    </message>
    <message>
        <source>First finding</source>
        <translation>Erster Befund</translation>
    </message>
    <message>
        <source>Second finding</source>
        <translation>Zweiter Befund</translation>
    </message>
    <message>
        <source>Third finding</source>
        <translation>Dritter Befund</translation>
    </message>
    <message>
        <source>Fourth finding</source>
        <translation>Vierter Befund</translation>
    </message>
    <message>
        <source>Fifth finding</source>
        <translation>Fünfter Befund</translation>
    </message>
    <message>
        <source>Sixth finding</source>
        <translation>Sechster Befund</translation>
    </message>
    <message>
        <source>Seventh finding</source>
        <translation>Siebter Befund</translation>
    </message>
    <message>
        <source>Eighth finding</source>
        <translation>Achter Befund</translation>
    </message>
    <message>
        <source>Ninth finding</source>
        <translation>Neunter Befund</translation>
    </message>
    <message>
        <source>Unsure</source>
        <translation>Unsicher</translation>
    </message>
    <message>
        <source>Add a finding that the model has never seen</source>
        <translation>Einen Befund hinzufügen, den das Modell nie gesehen hat</translation>
    </message>
    <message>
        <source>Write a note</source>
        <translation>Notiz schreiben</translation>
    </message>
    <message>
        <source>Take back</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Do again what was taken back</source>
        <translation>Zurückgenommenes wiederholen</translation>
    </message>
    <message>
        <source>Study reviewed, or not after all</source>
        <translation>Untersuchung befundet, oder doch nicht</translation>
    </message>
    <message>
        <source>Mark the study urgent, or not any more</source>
        <translation>Untersuchung als dringend markieren, oder nicht mehr</translation>
    </message>
    <message>
        <source>Previous study</source>
        <translation>Vorherige Untersuchung</translation>
    </message>
    <message>
        <source>Next study</source>
        <translation>Nächste Untersuchung</translation>
    </message>
    <message>
        <source>Search the worklist</source>
        <translation>Arbeitsliste durchsuchen</translation>
    </message>
    <message>
        <source>Open files</source>
        <translation>Dateien öffnen</translation>
    </message>
    <message>
        <source>Open a folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Show or hide the heatmap</source>
        <translation>Heatmap zeigen oder verbergen</translation>
    </message>
    <message>
        <source>Heatmap of the finding before</source>
        <translation>Heatmap des vorigen Befunds</translation>
    </message>
    <message>
        <source>Heatmap of the next finding</source>
        <translation>Heatmap des nächsten Befunds</translation>
    </message>
    <message>
        <source>Outline of the lungs</source>
        <translation>Umriss der Lunge</translation>
    </message>
    <message>
        <source>Where is it? Draw where the finding is</source>
        <translation>Wo ist es? Zeichnen, wo der Befund liegt</translation>
    </message>
    <message>
        <source>Wrong place: mark heatmap that is not on the finding</source>
        <translation>Falsche Stelle: Heatmap markieren, die nicht auf dem Befund liegt</translation>
    </message>
    <message>
        <source>Draw where it is as an ellipse, a rectangle or by hand</source>
        <translation>Als Ellipse, Rechteck oder freihändig zeichnen, wo es ist</translation>
    </message>
    <message>
        <source>Cover a part of the film</source>
        <translation>Einen Teil der Aufnahme abdecken</translation>
    </message>
    <message>
        <source>Keep the part, cover all else</source>
        <translation>Den Teil behalten, alles andere abdecken</translation>
    </message>
    <message>
        <source>Rectangle, ellipse, or drawn by hand</source>
        <translation>Rechteck, Ellipse oder von Hand gezeichnet</translation>
    </message>
    <message>
        <source>Layout</source>
        <translation>Aufteilung</translation>
    </message>
    <message>
        <source>Compare with the last earlier study</source>
        <translation>Mit der letzten Voraufnahme vergleichen</translation>
    </message>
    <message>
        <source>Film and evidence side by side</source>
        <translation>Aufnahme und Heatmap nebeneinander</translation>
    </message>
    <message>
        <source>Cases like this</source>
        <translation>Ähnliche Fälle</translation>
    </message>
    <message>
        <source>Link the views, or not</source>
        <translation>Ansichten koppeln oder lösen</translation>
    </message>
    <message>
        <source>Next view</source>
        <translation>Nächste Ansicht</translation>
    </message>
    <message>
        <source>Previous view</source>
        <translation>Vorherige Ansicht</translation>
    </message>
    <message>
        <source>All the room for this view</source>
        <translation>Ansicht maximieren</translation>
    </message>
    <message>
        <source>Worklist</source>
        <translation>Arbeitsliste</translation>
    </message>
    <message>
        <source>Thumbnails</source>
        <translation>Miniaturen</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>Films in a window of their own, or back</source>
        <translation>Aufnahmen in eigenem Programmfenster, oder zurück</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Vollbild</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Preferences</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Reading</source>
        <translation>Befunden</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
</context>
<context>
    <name>AdaptedView</name>
    <message>
        <source>At once</source>
        <translation>Sofort</translation>
    </message>
    <message>
        <source>Judge the site-adapted head</source>
        <translation>Den angepassten Kopf prüfen</translation>
    </message>
    <message>
        <source>Make it a candidate, compare it with the model in use on patients kept aside, and let a person decide</source>
        <translation>Ihn zum Kandidaten machen, mit dem Modell im Einsatz an zurückgehaltenen Patienten vergleichen und einen Menschen entscheiden lassen</translation>
    </message>
    <message>
        <source>A head that was fitted to 1 decision suggests beside the model.</source>
        <translation>Ein Kopf, der aus 1 Entscheidung gelernt hat, schlägt neben dem Modell vor.</translation>
    </message>
    <message>
        <source>A head that was fitted to {0} decisions suggests beside the model.</source>
        <translation>Ein Kopf, der aus {0} Entscheidungen gelernt hat, schlägt neben dem Modell vor.</translation>
    </message>
    <message>
        <source>No decision has moved the model&apos;s head yet.</source>
        <translation>Noch keine Entscheidung hat den Kopf des Modells bewegt.</translation>
    </message>
    <message>
        <source>A training or a comparison is under way.</source>
        <translation>Ein Training oder ein Vergleich läuft.</translation>
    </message>
    <message>
        <source>There is no site-adapted head to judge.</source>
        <translation>Es gibt keinen angepassten Kopf zu prüfen.</translation>
    </message>
</context>
<context>
    <name>AdvancedChoices</name>
    <message>
        <source>Hold on to what the model knew</source>
        <translation>Festhalten, was das Modell wusste</translation>
    </message>
    <message>
        <source>Look where readers pointed</source>
        <translation>Dorthin sehen, wo Befunder hinzeigten</translation>
    </message>
    <message>
        <source>Fewer choices</source>
        <translation>Weniger Einstellungen</translation>
    </message>
    <message>
        <source>More choices</source>
        <translation>Weitere Einstellungen</translation>
    </message>
    <message>
        <source>Optimiser, learning rate, epochs, rare findings, augmentation</source>
        <translation>Optimierer, Lernrate, Epochen, seltene Befunde, Augmentierung</translation>
    </message>
    <message>
        <source>count somewhat more</source>
        <translation>zählen etwas mehr</translation>
    </message>
    <message>
        <source>count as much as frequent ones</source>
        <translation>zählen so viel wie häufige</translation>
    </message>
    <message>
        <source>are shown as often as frequent ones</source>
        <translation>werden so oft gezeigt wie häufige</translation>
    </message>
    <message>
        <source>count as they come</source>
        <translation>zählen, wie sie kommen</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>light</source>
        <translation>leicht</translation>
    </message>
    <message>
        <source>usual</source>
        <translation>üblich</translation>
    </message>
    <message>
        <source>strong</source>
        <translation>stark</translation>
    </message>
    <message>
        <source>How often every film is looked at; the best epoch is kept</source>
        <translation>Wie oft jede Aufnahme angesehen wird; die beste Epoche wird behalten</translation>
    </message>
    <message>
        <source>AdamW needs less care; SGD sometimes ends a little better</source>
        <translation>AdamW braucht weniger Sorgfalt; SGD endet manchmal etwas besser</translation>
    </message>
    <message>
        <source>How fast the head learns; earlier stages learn slower</source>
        <translation>Wie schnell der Kopf lernt; frühere Stufen lernen langsamer</translation>
    </message>
    <message>
        <source>What films of rare findings count beside those of frequent ones</source>
        <translation>Was Aufnahmen seltener Befunde neben denen häufiger zählen</translation>
    </message>
    <message>
        <source>How far films are turned, shifted, scaled and exposed otherwise</source>
        <translation>Wie weit Aufnahmen gedreht, verschoben, skaliert und anders belichtet werden</translation>
    </message>
    <message>
        <source>Films of the model&apos;s own training and its answers are learned along</source>
        <translation>Aufnahmen aus dem früheren Training des Modells und seine Antworten werden mitgelernt</translation>
    </message>
    <message>
        <source>Evidence outside of the regions that readers drew, or of the lungs, costs something</source>
        <translation>Hinweise außerhalb der Bereiche, die Befunder gezeichnet haben, oder der Lunge kosten etwas</translation>
    </message>
    <message>
        <source>Epochs</source>
        <translation>Epochen</translation>
    </message>
    <message>
        <source>Optimiser</source>
        <translation>Optimierer</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>Rare findings</source>
        <translation>Seltene Befunde</translation>
    </message>
    <message>
        <source>Augmentation</source>
        <translation>Augmentierung</translation>
    </message>
</context>
<context>
    <name>Annotating</name>
    <message>
        <source>Not saved. {0}</source>
        <translation>Nicht gespeichert. {0}</translation>
    </message>
</context>
<context>
    <name>Annotation</name>
    <message>
        <source>Wrong place: {0}</source>
        <translation>Falsche Stelle: {0}</translation>
    </message>
    <message>
        <source>Cobb {0}°</source>
        <translation>Cobb {0}°</translation>
    </message>
    <message>
        <source>{0} pixels</source>
        <translation>{0} Pixel</translation>
    </message>
    <message>
        <source>No pixels</source>
        <translation>Keine Pixel</translation>
    </message>
    <message>
        <source>Mean R G B {0}</source>
        <translation>Mittel R G B {0}</translation>
    </message>
    <message>
        <source>Mean {0}   SD {1}</source>
        <translation>Mittel {0}   SD {1}</translation>
    </message>
    <message>
        <source>Min {0}   Max {1}</source>
        <translation>Min {0}   Max {1}</translation>
    </message>
</context>
<context>
    <name>AugmentationPreview</name>
    <message>
        <source>What the training makes of a film</source>
        <translation>Was das Training aus einer Aufnahme macht</translation>
    </message>
    <message>
        <source>Decide a film first; its variants are shown here.</source>
        <translation>Zuerst über eine Aufnahme entscheiden; ihre Varianten stehen dann hier.</translation>
    </message>
    <message>
        <source>{0} variants of one of the collected films, as single epochs show them to the model</source>
        <translation>{0} Varianten einer der gesammelten Aufnahmen, wie einzelne Epochen sie dem Modell zeigen</translation>
    </message>
</context>
<context>
    <name>Banner</name>
    <message>
        <source>Copy details</source>
        <translation>Details kopieren</translation>
    </message>
    <message>
        <source>Close the message</source>
        <translation>Meldung schließen</translation>
    </message>
</context>
<context>
    <name>Blind</name>
    <message>
        <source>This film measures the model: answer first, then its suggestion is shown.</source>
        <translation>Diese Aufnahme misst das Modell: zuerst antworten, dann wird sein Vorschlag gezeigt.</translation>
    </message>
    <message>
        <source>Answer first; then the evidence is shown.</source>
        <translation>Zuerst antworten; dann werden die Hinweise gezeigt.</translation>
    </message>
    <message>
        <source>Second read: answer first, then what was decided and suggested is shown.</source>
        <translation>Zweitbefundung: zuerst antworten, dann wird gezeigt, was entschieden und vorgeschlagen wurde.</translation>
    </message>
    <message>
        <source>Enter once your answer is whole, then the suggestion is shown.</source>
        <translation>Enter, sobald Ihre Antwort vollständig ist; dann wird der Vorschlag gezeigt.</translation>
    </message>
    <message>
        <source>You answered before you saw it. That answer measures the model.</source>
        <translation>Sie haben geantwortet, bevor Sie ihn sahen. Diese Antwort misst das Modell.</translation>
    </message>
    <message>
        <source>{0} shows the same film as {1}: both measure the model, and neither is learned from.</source>
        <translation>{0} zeigt dieselbe Aufnahme wie {1}: Beide messen das Modell, aus keiner wird gelernt.</translation>
    </message>
    <message>
        <source>{0} shows the same film as {1}: both check trainings, and neither is learned from.</source>
        <translation>{0} zeigt dieselbe Aufnahme wie {1}: Beide prüfen Trainings, aus keiner wird gelernt.</translation>
    </message>
    <message>
        <source>{0} files are copies of other films; those of films that measure teach nothing.</source>
        <translation>{0} Dateien sind Kopien anderer Aufnahmen; aus Kopien messender Aufnahmen wird nicht gelernt.</translation>
    </message>
</context>
<context>
    <name>CardView</name>
    <message>
        <source>Limits</source>
        <translation>Grenzen</translation>
    </message>
    <message>
        <source>Figures</source>
        <translation>Kennzahlen</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>In use: it suggests for the images it is meant for.</source>
        <translation>Im Einsatz: Es macht Vorschläge für die Bilder, für die es gedacht ist.</translation>
    </message>
    <message>
        <source>At the gate</source>
        <translation>Bei der Prüfung</translation>
    </message>
    <message>
        <source>Its head is not trained yet: tune it before it can suggest.</source>
        <translation>Sein Kopf ist noch nicht trainiert: Es braucht eine Feinabstimmung, bevor es Vorschläge machen kann.</translation>
    </message>
    <message>
        <source>one of {0}</source>
        <translation>eines von: {0}</translation>
    </message>
    <message>
        <source>any of {0}</source>
        <translation>beliebige von: {0}</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Meant for</source>
        <translation>Gedacht für</translation>
    </message>
    <message>
        <source>Input</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Architecture</source>
        <translation>Architektur</translation>
    </message>
    <message>
        <source>Calibration</source>
        <translation>Kalibrierung</translation>
    </message>
    <message>
        <source>Operating points</source>
        <translation>Arbeitspunkte</translation>
    </message>
    <message>
        <source>What it knows</source>
        <translation>Was es kennt</translation>
    </message>
    <message>
        <source>Made from</source>
        <translation>Entstanden aus</translation>
    </message>
    <message>
        <source>Created</source>
        <translation>Erstellt</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <source>Id</source>
        <translation>Kennung</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>What it was made from learned before, the last one first</source>
        <translation>Woraus die Modelle vor ihm gelernt haben, das letzte zuerst</translation>
    </message>
    <message>
        <source>Data of the models before it</source>
        <translation>Daten der Modelle vor ihm</translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <source>Every choice of the training</source>
        <translation>Jede Einstellung des Trainings</translation>
    </message>
</context>
<context>
    <name>Chart</name>
    <message>
        <source>Nothing to draw yet</source>
        <translation>Noch nichts zu zeichnen</translation>
    </message>
</context>
<context>
    <name>ChoiceForm</name>
    <message>
        <source>Usual settings</source>
        <translation>Übliche Einstellungen</translation>
    </message>
    <message>
        <source>Leave out what was chosen otherwise, or found by a search</source>
        <translation>Weglassen, was anders gewählt oder von einer Suche gefunden wurde</translation>
    </message>
    <message>
        <source>Start training</source>
        <translation>Training starten</translation>
    </message>
    <message>
        <source>Tune the model in a process of its own; reading goes on</source>
        <translation>Modell in einem eigenen Prozess feinabstimmen; das Befunden geht weiter</translation>
    </message>
    <message>
        <source>A training is running.</source>
        <translation>Ein Training läuft.</translation>
    </message>
    <message>
        <source>There is no model to tune.</source>
        <translation>Es gibt kein Modell zum Feinabstimmen.</translation>
    </message>
    <message>
        <source>{0} (suggested)</source>
        <translation>{0} (vorgeschlagen)</translation>
    </message>
    <message>
        <source>1 decision</source>
        <translation>1 Entscheidung</translation>
    </message>
    <message>
        <source>{0} decisions</source>
        <translation>{0} Entscheidungen</translation>
    </message>
    <message>
        <source>1 finding</source>
        <translation>1 Befund</translation>
    </message>
    <message>
        <source>{0} findings</source>
        <translation>{0} Befunde</translation>
    </message>
    <message>
        <source>Head only</source>
        <translation>Nur der Kopf</translation>
    </message>
    <message>
        <source>Last stage</source>
        <translation>Letzte Stufe</translation>
    </message>
    <message>
        <source>Later half</source>
        <translation>Hintere Hälfte</translation>
    </message>
    <message>
        <source>Whole model</source>
        <translation>Ganzes Modell</translation>
    </message>
    <message>
        <source>the head</source>
        <translation>der Kopf</translation>
    </message>
    <message>
        <source>the last stage</source>
        <translation>die letzte Stufe</translation>
    </message>
    <message>
        <source>the later half</source>
        <translation>die hintere Hälfte</translation>
    </message>
    <message>
        <source>the whole model</source>
        <translation>das ganze Modell</translation>
    </message>
    <message>
        <source>Model to tune</source>
        <translation>Modell zum Feinabstimmen</translation>
    </message>
    <message>
        <source>How much of the model may change</source>
        <translation>Wie viel vom Modell sich ändern darf</translation>
    </message>
    <message>
        <source>Only the last layer learns: quick, and enough for a handful of decisions.</source>
        <translation>Nur die letzte Schicht lernt: schnell, und genug für eine Handvoll Entscheidungen.</translation>
    </message>
    <message>
        <source>The last stage learns too, a little slower than the head.</source>
        <translation>Auch die letzte Stufe lernt, etwas langsamer als der Kopf.</translation>
    </message>
    <message>
        <source>The later half learns, earlier stages slower; wants about sixty of each finding.</source>
        <translation>Die hintere Hälfte lernt, frühere Stufen langsamer; verlangt etwa sechzig je Befund.</translation>
    </message>
    <message>
        <source>Everything learns; with few decisions it forgets more than it learns.</source>
        <translation>Alles lernt; bei wenigen Entscheidungen wird mehr vergessen als gelernt.</translation>
    </message>
    <message>
        <source>As the search found: {0}.</source>
        <translation>Wie die Suche fand: {0}.</translation>
    </message>
    <message>
        <source>About {0} on this computer, measuring included.</source>
        <translation>Etwa {0} auf diesem Rechner, das Messen eingeschlossen.</translation>
    </message>
    <message>
        <source>Fine-tune</source>
        <translation>Feinabstimmung</translation>
    </message>
    <message>
        <source>{0} to learn from, of {1}, about {2} of each: {3}.</source>
        <translation>{0} zum Lernen, über {1}, je etwa {2}: {3}.</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Depth</source>
        <translation>Tiefe</translation>
    </message>
</context>
<context>
    <name>CollectedView</name>
    <message>
        <source>Collected</source>
        <translation>Gesammelt</translation>
    </message>
    <message>
        <source>Decisions per finding</source>
        <translation>Entscheidungen je Befund</translation>
    </message>
    <message>
        <source>Images and patients per part</source>
        <translation>Bilder und Patienten je Teil</translation>
    </message>
    <message>
        <source>Each patient belongs to one part for good. The test part measures and never teaches.</source>
        <translation>Jeder Patient gehört auf Dauer zu einem Teil. Der Testteil misst und lehrt nie.</translation>
    </message>
    <message>
        <source>No decisions yet. Accept or correct suggestions in the worklist, and they stand here.</source>
        <translation>Noch keine Entscheidungen. Vorschläge in der Arbeitsliste übernehmen oder korrigieren, dann stehen sie hier.</translation>
    </message>
    <message>
        <source>{0} on {1} of {2}</source>
        <translation>{0}, {1}, {2}</translation>
    </message>
    <message>
        <source>1 decision</source>
        <translation>1 Entscheidung</translation>
    </message>
    <message>
        <source>{0} decisions</source>
        <translation>{0} Entscheidungen</translation>
    </message>
    <message>
        <source>1 image</source>
        <translation>1 Bild</translation>
    </message>
    <message>
        <source>{0} images</source>
        <translation>{0} Bilder</translation>
    </message>
    <message>
        <source>1 patient</source>
        <translation>1 Patient</translation>
    </message>
    <message>
        <source>{0} patients</source>
        <translation>{0} Patienten</translation>
    </message>
    <message>
        <source>finding</source>
        <translation>Befund</translation>
    </message>
    <message>
        <source>present</source>
        <translation>vorhanden</translation>
    </message>
    <message>
        <source>absent</source>
        <translation>nicht vorhanden</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>train</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>validation</source>
        <translation>Validierung</translation>
    </message>
    <message>
        <source>test, kept aside</source>
        <translation>Test, zurückgehalten</translation>
    </message>
    <message>
        <source>part</source>
        <translation>Teil</translation>
    </message>
    <message>
        <source>images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>patients</source>
        <translation>Patienten</translation>
    </message>
</context>
<context>
    <name>ColourBar</name>
    <message>
        <source>Colour bar of the heatmap: evidence, not location</source>
        <translation>Farbskala der Heatmap: Hinweis, keine Lokalisation</translation>
    </message>
    <message>
        <source>{finding}, 0 to {peak}</source>
        <translation>{finding}, 0 bis {peak}</translation>
    </message>
    <message>
        <source>spread over</source>
        <translation>Streuung über</translation>
    </message>
    <message>
        <source>repeated runs</source>
        <translation>mehrere Läufe</translation>
    </message>
    <message>
        <source>evidence,</source>
        <translation>Hinweis,</translation>
    </message>
    <message>
        <source>not location</source>
        <translation>keine Lokalisation</translation>
    </message>
</context>
<context>
    <name>ColourMapChooser</name>
    <message>
        <source>Colours of the heatmap, all perceptually uniform</source>
        <translation>Farben der Heatmap, alle wahrnehmungsgleich abgestuft</translation>
    </message>
    <message>
        <source>Inferno</source>
        <translation>Inferno</translation>
    </message>
    <message>
        <source>Viridis</source>
        <translation>Viridis</translation>
    </message>
    <message>
        <source>Magma</source>
        <translation>Magma</translation>
    </message>
    <message>
        <source>Cividis</source>
        <translation>Cividis</translation>
    </message>
</context>
<context>
    <name>CompareMenu</name>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>In view {0}</source>
        <translation>In Ansicht {0}</translation>
    </message>
    <message>
        <source>One view</source>
        <translation>Eine Ansicht</translation>
    </message>
    <message>
        <source>Two views side by side</source>
        <translation>Zwei Ansichten nebeneinander</translation>
    </message>
    <message>
        <source>Four views</source>
        <translation>Vier Ansichten</translation>
    </message>
    <message>
        <source>Films in a window of their own</source>
        <translation>Aufnahmen in eigenem Programmfenster</translation>
    </message>
    <message>
        <source>Film and evidence side by side</source>
        <translation>Aufnahme und Heatmap nebeneinander</translation>
    </message>
    <message>
        <source>Compare with the last earlier study</source>
        <translation>Mit der letzten Voraufnahme vergleichen</translation>
    </message>
    <message>
        <source>Link views of one frame of reference</source>
        <translation>Ansichten mit gleichem Bezugssystem koppeln</translation>
    </message>
    <message>
        <source>Link all views from here</source>
        <translation>Alle Ansichten von hier an koppeln</translation>
    </message>
    <message>
        <source>Do not link views</source>
        <translation>Ansichten nicht koppeln</translation>
    </message>
    <message>
        <source>Nothing</source>
        <translation>Nichts</translation>
    </message>
</context>
<context>
    <name>Comparing</name>
    <message>
        <source>This film with its evidence</source>
        <translation>Diese Aufnahme mit ihrer Heatmap</translation>
    </message>
    <message>
        <source>Series {0}</source>
        <translation>Serie {0}</translation>
    </message>
    <message>
        <source>This study: {0}</source>
        <translation>Diese Untersuchung: {0}</translation>
    </message>
    <message>
        <source>Earlier: {0}</source>
        <translation>Früher: {0}</translation>
    </message>
    <message>
        <source>Later: {0}</source>
        <translation>Später: {0}</translation>
    </message>
    <message>
        <source>Nothing is chosen to compare with.</source>
        <translation>Zum Vergleich ist nichts gewählt.</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <source>A case like this, of the same patient</source>
        <translation>Ein ähnlicher Fall, von demselben Patienten</translation>
    </message>
    <message>
        <source>Another patient</source>
        <translation>Anderer Patient</translation>
    </message>
    <message>
        <source>Earlier study</source>
        <translation>Voraufnahme</translation>
    </message>
    <message>
        <source>Later study</source>
        <translation>Spätere Untersuchung</translation>
    </message>
</context>
<context>
    <name>ComparisonView</name>
    <message>
        <source>Films they read differently</source>
        <translation>Aufnahmen mit verschiedenem Ergebnis</translation>
    </message>
    <message>
        <source>current model</source>
        <translation>aktuelles Modell</translation>
    </message>
    <message>
        <source>Open as a page</source>
        <translation>Als Seite öffnen</translation>
    </message>
    <message>
        <source>One HTML file with both models and the verdict, to print or to pass on</source>
        <translation>Eine HTML-Datei mit beiden Modellen und dem Urteil, zum Drucken oder Weitergeben</translation>
    </message>
    <message>
        <source>candidate</source>
        <translation>Kandidat</translation>
    </message>
    <message>
        <source>No film could measure the candidate, so there are no figures.</source>
        <translation>Keine Aufnahme konnte den Kandidaten messen, deshalb gibt es keine Zahlen.</translation>
    </message>
    <message>
        <source>Measured on {0} of {1} kept aside. 95% intervals.</source>
        <translation>An {0} von {1} gemessen, die zurückgehalten waren. 95%-Intervalle.</translation>
    </message>
    <message>
        <source>1 film</source>
        <translation>1 Aufnahme</translation>
    </message>
    <message>
        <source>{0} films</source>
        <translation>{0} Aufnahmen</translation>
    </message>
    <message>
        <source>1 patient</source>
        <translation>1 Patient</translation>
    </message>
    <message>
        <source>{0} patients</source>
        <translation>{0} Patienten</translation>
    </message>
    <message>
        <source>{0}: true {1}, current {2}, candidate {3}</source>
        <translation>{0}: richtig {1}, aktuell {2}, Kandidat {3}</translation>
    </message>
    <message>
        <source>Candidate and current model</source>
        <translation>Kandidat und aktuelles Modell</translation>
    </message>
    <message>
        <source>Enter or a double click shows the film</source>
        <translation>Enter oder Doppelklick zeigt die Aufnahme</translation>
    </message>
</context>
<context>
    <name>ConfusionMatrix</name>
    <message>
        <source>{0} read as {1}: {2}</source>
        <translation>{0} als {1} erkannt: {2}</translation>
    </message>
    <message>
        <source>true ↓  model →</source>
        <translation>richtig ↓  Modell →</translation>
    </message>
</context>
<context>
    <name>CornerTexts</name>
    <message>
        <source>{0} at detector</source>
        <translation>{0} am Detektor</translation>
    </message>
    <message>
        <source>{0} by stated magnification</source>
        <translation>{0} nach angegebener Vergrößerung</translation>
    </message>
    <message>
        <source>Patient&apos;s name</source>
        <translation>Name des Patienten</translation>
    </message>
    <message>
        <source>Patient ID</source>
        <translation>Patienten-ID</translation>
    </message>
    <message>
        <source>Birth date and sex</source>
        <translation>Geburtsdatum und Geschlecht</translation>
    </message>
    <message>
        <source>Study date and time</source>
        <translation>Datum und Zeit der Untersuchung</translation>
    </message>
    <message>
        <source>Accession number</source>
        <translation>Auftragsnummer</translation>
    </message>
    <message>
        <source>Modality and description</source>
        <translation>Modalität und Beschreibung</translation>
    </message>
    <message>
        <source>Series</source>
        <translation>Serie</translation>
    </message>
    <message>
        <source>Laterality and view</source>
        <translation>Seite und Projektion</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>Zoom</translation>
    </message>
    <message>
        <source>Place in the series</source>
        <translation>Position in der Serie</translation>
    </message>
    <message>
        <source>Orientation letters</source>
        <translation>Richtungsbuchstaben</translation>
    </message>
    <message>
        <source>Scale bar</source>
        <translation>Maßstab</translation>
    </message>
    <message>
        <source>Left</source>
        <translation>Links</translation>
    </message>
    <message>
        <source>Right</source>
        <translation>Rechts</translation>
    </message>
    <message>
        <source>Both sides</source>
        <translation>Beide Seiten</translation>
    </message>
    <message>
        <source>born {0}</source>
        <translation>geb. {0}</translation>
    </message>
    <message>
        <source>Acc. {0}</source>
        <translation>Auftr. {0}</translation>
    </message>
    <message>
        <source>Series {0}</source>
        <translation>Serie {0}</translation>
    </message>
    <message>
        <source>Phantom, not a patient</source>
        <translation>Phantom, kein Patient</translation>
    </message>
    <message>
        <source>Compressed with loss: {0}</source>
        <translation>Mit Verlust komprimiert: {0}</translation>
    </message>
    <message>
        <source>Inverted</source>
        <translation>Invertiert</translation>
    </message>
    <message>
        <source>Zoom {0}%</source>
        <translation>Zoom {0}%</translation>
    </message>
    <message>
        <source>W {0}  L {1}</source>
        <translation>W {0}  L {1}</translation>
    </message>
    <message>
        <source>Full range</source>
        <translation>Voller Bereich</translation>
    </message>
    <message>
        <source>The file&apos;s own table</source>
        <translation>Tabelle der Datei</translation>
    </message>
    <message>
        <source>Flipped</source>
        <translation>Gespiegelt</translation>
    </message>
    <message>
        <source>Turned {0}°</source>
        <translation>Um {0}° gedreht</translation>
    </message>
</context>
<context>
    <name>DecisionView</name>
    <message>
        <source>Reason for promoting</source>
        <translation>Begründung der Freigabe</translation>
    </message>
    <message>
        <source>Promote</source>
        <translation>Freigeben</translation>
    </message>
    <message>
        <source>Use the candidate from now on; Roll back undoes it</source>
        <translation>Kandidaten ab jetzt verwenden; „Freigabe zurücknehmen“ macht es rückgängig</translation>
    </message>
    <message>
        <source>Discard</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Put the candidate away; the model in use stays</source>
        <translation>Kandidaten weglegen; das Modell im Einsatz bleibt</translation>
    </message>
    <message>
        <source>Reason (kept with the promotion)</source>
        <translation>Begründung (wird mit der Freigabe aufbewahrt)</translation>
    </message>
    <message>
        <source>Reason for promoting all the same (required)</source>
        <translation>Begründung, trotzdem freizugeben (erforderlich)</translation>
    </message>
    <message>
        <source>The candidate is in use.</source>
        <translation>Der Kandidat ist im Einsatz.</translation>
    </message>
    <message>
        <source>There is no candidate.</source>
        <translation>Es gibt keinen Kandidaten.</translation>
    </message>
    <message>
        <source>The gate was not passed: promoting needs a reason.</source>
        <translation>Die Prüfung ist nicht bestanden: Die Freigabe braucht eine Begründung.</translation>
    </message>
    <message>
        <source>The candidate was in use and is not any more.</source>
        <translation>Der Kandidat war im Einsatz und ist es nicht mehr.</translation>
    </message>
    <message>
        <source>Promoting as {0}</source>
        <translation>Freigabe durch {0}</translation>
    </message>
</context>
<context>
    <name>Decisions</name>
    <message>
        <source>The film is not on the screen yet, so nothing was accepted.</source>
        <translation>Die Aufnahme ist noch nicht auf dem Bildschirm, darum wurde nichts übernommen.</translation>
    </message>
    <message>
        <source>Nothing was accepted, because these exclude each other: {0}. Answer the findings yourself.</source>
        <translation>Nichts wurde übernommen, weil diese einander ausschließen: {0}. Beantworten Sie die Befunde selbst.</translation>
    </message>
    <message>
        <source>The answer before is still being saved, so this one was not taken.</source>
        <translation>Die vorige Antwort wird noch gespeichert, deshalb wurde diese nicht übernommen.</translation>
    </message>
    <message>
        <source>There is nothing of yours left to take back.</source>
        <translation>Es gibt nichts Eigenes mehr zurückzunehmen.</translation>
    </message>
    <message>
        <source>There is nothing that was taken back to repeat.</source>
        <translation>Es gibt nichts Zurückgenommenes zu wiederholen.</translation>
    </message>
    <message>
        <source>Not saved. {0}</source>
        <translation>Nicht gespeichert. {0}</translation>
    </message>
</context>
<context>
    <name>EvaluationFigures</name>
    <message>
        <source>Figures</source>
        <translation>Kennzahlen</translation>
    </message>
    <message>
        <source>Every figure of each finding</source>
        <translation>Alle Kennzahlen je Befund</translation>
    </message>
    <message>
        <source>Precision, sensitivity at fixed specificity and more, with intervals</source>
        <translation>Positiver Vorhersagewert, Sensitivität bei fester Spezifität und mehr, mit Intervallen</translation>
    </message>
    <message>
        <source>{0}: {1}</source>
        <translation>{0}: {1}</translation>
    </message>
    <message>
        <source>value</source>
        <translation>Wert</translation>
    </message>
    <message>
        <source>95% interval</source>
        <translation>95%-Intervall</translation>
    </message>
    <message>
        <source>change</source>
        <translation>Änderung</translation>
    </message>
    <message>
        <source>balanced accuracy</source>
        <translation>ausgewogene Genauigkeit</translation>
    </message>
    <message>
        <source>accuracy</source>
        <translation>Genauigkeit</translation>
    </message>
    <message>
        <source>macro AUROC</source>
        <translation>Makro-AUROC</translation>
    </message>
    <message>
        <source>macro AUPRC</source>
        <translation>Makro-AUPRC</translation>
    </message>
    <message>
        <source>log-loss, lower is better</source>
        <translation>Log-Loss, kleiner ist besser</translation>
    </message>
    <message>
        <source>Brier score, lower is better</source>
        <translation>Brier-Score, kleiner ist besser</translation>
    </message>
    <message>
        <source>calibration error, lower is better</source>
        <translation>Kalibrierungsfehler, kleiner ist besser</translation>
    </message>
    <message>
        <source>films it does not know</source>
        <translation>Aufnahmen, die es nicht kennt</translation>
    </message>
    <message>
        <source>evidence inside the lungs</source>
        <translation>Hinweise innerhalb der Lunge</translation>
    </message>
    <message>
        <source>evidence inside the lungs, {0}</source>
        <translation>Hinweise innerhalb der Lunge, {0}</translation>
    </message>
    <message>
        <source>as sure with the lungs covered, lower is better</source>
        <translation>ebenso sicher bei abgedeckter Lunge, kleiner ist besser</translation>
    </message>
    <message>
        <source>sensitivity, {0}</source>
        <translation>Sensitivität, {0}</translation>
    </message>
    <message>
        <source>AUROC, {0}</source>
        <translation>AUROC, {0}</translation>
    </message>
    <message>
        <source>{0}: precision</source>
        <translation>{0}: positiver Vorhersagewert</translation>
    </message>
    <message>
        <source>{0}: sensitivity</source>
        <translation>{0}: Sensitivität</translation>
    </message>
    <message>
        <source>{0}: F1</source>
        <translation>{0}: F1</translation>
    </message>
    <message>
        <source>{0}: AUROC</source>
        <translation>{0}: AUROC</translation>
    </message>
    <message>
        <source>{0}: AUPRC (no skill: its share of films)</source>
        <translation>{0}: AUPRC (ohne Können: sein Anteil der Aufnahmen)</translation>
    </message>
    <message>
        <source>{0}: sensitivity at 90% specificity</source>
        <translation>{0}: Sensitivität bei 90% Spezifität</translation>
    </message>
    <message>
        <source>{0}: sensitivity at 95% specificity</source>
        <translation>{0}: Sensitivität bei 95% Spezifität</translation>
    </message>
    <message>
        <source>{0}: operating point</source>
        <translation>{0}: Arbeitspunkt</translation>
    </message>
    <message>
        <source>{0}: sensitivity at its operating point</source>
        <translation>{0}: Sensitivität am Arbeitspunkt</translation>
    </message>
    <message>
        <source>{0}: specificity at its operating point</source>
        <translation>{0}: Spezifität am Arbeitspunkt</translation>
    </message>
    <message>
        <source>{0}: films that show it</source>
        <translation>{0}: Aufnahmen, die ihn zeigen</translation>
    </message>
    <message>
        <source>Confusion, {0}</source>
        <translation>Konfusion, {0}</translation>
    </message>
    <message>
        <source>Confusion</source>
        <translation>Konfusion</translation>
    </message>
    <message>
        <source>ROC, {0}</source>
        <translation>ROC, {0}</translation>
    </message>
    <message>
        <source>Precision-recall, {0}</source>
        <translation>Precision-Recall, {0}</translation>
    </message>
    <message>
        <source>Reliability</source>
        <translation>Verlässlichkeit</translation>
    </message>
</context>
<context>
    <name>EvaluationView</name>
    <message>
        <source>About the model</source>
        <translation>Über das Modell</translation>
    </message>
    <message>
        <source>Back to the model&apos;s card</source>
        <translation>Zurück zur Karte des Modells</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>Messen</translation>
    </message>
    <message>
        <source>Measure it on the answered films of the test part</source>
        <translation>An den beantworteten Aufnahmen des Testteils messen</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Open as a page</source>
        <translation>Als Seite öffnen</translation>
    </message>
    <message>
        <source>One HTML file with every figure and plot, to print or to pass on</source>
        <translation>Eine HTML-Datei mit allen Kennzahlen und Kurven, zum Drucken oder Weitergeben</translation>
    </message>
    <message>
        <source>{0}, measured here</source>
        <translation>{0}, hier gemessen</translation>
    </message>
    <message>
        <source>It was not measured here yet. It is measured on films of the test part, once read.</source>
        <translation>Es wurde hier noch nicht gemessen. Gemessen wird an Aufnahmen des Testteils, sobald sie befundet sind.</translation>
    </message>
    <message>
        <source>Measured {0} on {1} films of {2} patients who were kept aside.</source>
        <translation>Gemessen am {0} an {1} Aufnahmen von {2} zurückgehaltenen Patienten.</translation>
    </message>
    <message>
        <source>model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>candidate</source>
        <translation>Kandidat</translation>
    </message>
    <message>
        <source>current model</source>
        <translation>aktuelles Modell</translation>
    </message>
    <message>
        <source>Measuring …</source>
        <translation>Wird gemessen …</translation>
    </message>
</context>
<context>
    <name>EvidencePanel</name>
    <message>
        <source>Evidence</source>
        <translation>Hinweise im Bild</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Show the heatmap over the film; hold Alt for the bare film</source>
        <translation>Heatmap über der Aufnahme zeigen; Alt halten blendet sie aus</translation>
    </message>
    <message>
        <source>Show the heatmap</source>
        <translation>Heatmap zeigen</translation>
    </message>
    <message>
        <source>Finding whose evidence is shown</source>
        <translation>Befund, dessen Hinweise gezeigt werden</translation>
    </message>
    <message>
        <source>Opacity of the heatmap in percent</source>
        <translation>Deckkraft der Heatmap in Prozent</translation>
    </message>
    <message>
        <source>Share of the peak below which nothing is drawn, in percent</source>
        <translation>Anteil am Höchstwert, unter dem nichts gezeichnet wird, in Prozent</translation>
    </message>
    <message>
        <source>Draw nothing below this share of the strongest evidence in this image</source>
        <translation>Unter diesem Anteil des stärksten Hinweises in diesem Bild nichts zeichnen</translation>
    </message>
    <message>
        <source>Finding</source>
        <translation>Befund</translation>
    </message>
    <message>
        <source>Drawn as</source>
        <translation>Darstellung</translation>
    </message>
    <message>
        <source>{0:.0%} in lungs</source>
        <translation>{0:.0%} in der Lunge</translation>
    </message>
    <message>
        <source>Hide how it is drawn</source>
        <translation>Darstellung zuklappen</translation>
    </message>
    <message>
        <source>Choose how it is drawn</source>
        <translation>Darstellung wählen</translation>
    </message>
    <message>
        <source>Opacity</source>
        <translation>Deckkraft</translation>
    </message>
    <message>
        <source>Method</source>
        <translation>Methode</translation>
    </message>
    <message>
        <source>Share of the evidence for this finding that lies inside the lungs</source>
        <translation>Anteil der Hinweise auf diesen Befund, der innerhalb der Lunge liegt</translation>
    </message>
    <message>
        <source>Share of the evidence for this finding that lies where it was drawn on the film</source>
        <translation>Anteil der Hinweise auf diesen Befund, der dort liegt, wo er eingezeichnet wurde</translation>
    </message>
    <message>
        <source>Share of the evidence for this finding that lies where it was marked as misplaced</source>
        <translation>Anteil der Hinweise auf diesen Befund, der an einer als falsch markierten Stelle liegt</translation>
    </message>
    <message>
        <source>Draw the spread</source>
        <translation>Streuung zeichnen</translation>
    </message>
    <message>
        <source>Draw how much repeated runs differ, on a scale of its own, in place of the evidence</source>
        <translation>Statt der Hinweise zeichnen, wie sehr sich wiederholte Läufe unterscheiden, auf eigener Skala</translation>
    </message>
    <message>
        <source>Draw the spread over runs</source>
        <translation>Streuung über die Läufe zeichnen</translation>
    </message>
    <message>
        <source>Standard deviation over runs, at the strongest place</source>
        <translation>Standardabweichung über die Läufe an der stärksten Stelle</translation>
    </message>
    <message>
        <source>Over runs</source>
        <translation>Über Läufe</translation>
    </message>
    <message>
        <source>Where drawn</source>
        <translation>Wo gezeichnet</translation>
    </message>
    <message>
        <source>Misplaced</source>
        <translation>Falsche Stelle</translation>
    </message>
    <message>
        <source>Threshold</source>
        <translation>Schwelle</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>{0} × {1} cells</source>
        <translation>{0} × {1} Zellen</translation>
    </message>
    <message>
        <source>The network sees no finer than this</source>
        <translation>Feiner sieht das Netz nicht</translation>
    </message>
    <message>
        <source>Less</source>
        <translation>Weniger</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
</context>
<context>
    <name>ExplanationProgress</name>
    <message>
        <source>Progress of the explanation</source>
        <translation>Fortschritt der Erklärung</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancel the explanation</source>
        <translation>Erklärung abbrechen</translation>
    </message>
    <message>
        <source>{0}: begins</source>
        <translation>{0}: beginnt</translation>
    </message>
    <message>
        <source>{0}: {1} left</source>
        <translation>{0}: noch {1}</translation>
    </message>
</context>
<context>
    <name>FilmCanvas</name>
    <message>
        <source>Film</source>
        <translation>Aufnahme</translation>
    </message>
    <message>
        <source>Reading the film</source>
        <translation>Aufnahme wird gelesen</translation>
    </message>
    <message>
        <source>Reading {name}</source>
        <translation>{name} wird gelesen</translation>
    </message>
</context>
<context>
    <name>FilmMenus</name>
    <message>
        <source>Measure</source>
        <translation>Messen</translation>
    </message>
    <message>
        <source>{0:g}/s</source>
        <translation>{0:g}/s</translation>
    </message>
    <message>
        <source>Cine</source>
        <translation>Cine</translation>
    </message>
    <message>
        <source>Rectangle</source>
        <translation>Rechteck</translation>
    </message>
    <message>
        <source>Ellipse</source>
        <translation>Ellipse</translation>
    </message>
    <message>
        <source>Drawn by hand</source>
        <translation>Von Hand gezeichnet</translation>
    </message>
    <message>
        <source>Take the cover away</source>
        <translation>Abdeckung wegnehmen</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Left button</source>
        <translation>Linke Taste</translation>
    </message>
    <message>
        <source>Where it is</source>
        <translation>Wo es ist</translation>
    </message>
    <message>
        <source>Cover and ask</source>
        <translation>Abdecken und fragen</translation>
    </message>
    <message>
        <source>Texts</source>
        <translation>Beschriftung</translation>
    </message>
    <message>
        <source>Reset the view</source>
        <translation>Ansicht zurücksetzen</translation>
    </message>
</context>
<context>
    <name>FilmText</name>
    <message>
        <source>Text, then Enter</source>
        <translation>Text, dann Enter</translation>
    </message>
    <message>
        <source>Text on the film</source>
        <translation>Text auf der Aufnahme</translation>
    </message>
</context>
<context>
    <name>FilmWindow</name>
    <message>
        <source>Films – Overread</source>
        <translation>Aufnahmen – Overread</translation>
    </message>
</context>
<context>
    <name>FindingAdder</name>
    <message>
        <source>Add a finding that the model has never seen; it learns it from the films you answer</source>
        <translation>Einen Befund hinzufügen, den das Modell nie gesehen hat; es lernt ihn aus den Aufnahmen, die Sie beantworten</translation>
    </message>
    <message>
        <source>Add a finding</source>
        <translation>Befund hinzufügen</translation>
    </message>
    <message>
        <source>Name of the finding</source>
        <translation>Name des Befunds</translation>
    </message>
    <message>
        <source>Name of the finding to add</source>
        <translation>Name des neuen Befunds</translation>
    </message>
</context>
<context>
    <name>FindingLine</name>
    <message>
        <source>Decide {0}</source>
        <translation>{0} entscheiden</translation>
    </message>
    <message>
        <source>Films that are kept aside measure the model and are never learned from. With few examples the site-adapted value is rough.</source>
        <translation>Zurückgehaltene Aufnahmen messen das Modell, aus ihnen wird nie gelernt. Bei wenigen Beispielen ist der angepasste Wert grob.</translation>
    </message>
    <message>
        <source>Site-adapted: from a head fitted to the reviews of this site</source>
        <translation>An den Standort angepasst: von einem Kopf, der aus den Entscheidungen dieses Standorts gelernt hat</translation>
    </message>
    <message>
        <source>{0}, suggested</source>
        <translation>{0}, vorgeschlagen</translation>
    </message>
    <message>
        <source>present</source>
        <translation>vorhanden</translation>
    </message>
    <message>
        <source>absent</source>
        <translation>nicht vorhanden</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>unbekannt</translation>
    </message>
    <message>
        <source>Take {0} away</source>
        <translation>{0} wegnehmen</translation>
    </message>
    <message>
        <source>Take the finding away: no film was answered with it</source>
        <translation>Den Befund wegnehmen: Keine Aufnahme wurde mit ihm beantwortet</translation>
    </message>
</context>
<context>
    <name>FindingsPanel</name>
    <message>
        <source>Choose a study in the worklist.</source>
        <translation>Eine Untersuchung in der Arbeitsliste wählen.</translation>
    </message>
    <message>
        <source>saved {0}</source>
        <translation>gespeichert {0}</translation>
    </message>
    <message>
        <source>what if</source>
        <translation>was wäre</translation>
    </message>
    <message>
        <source>Accept</source>
        <translation>Übernehmen</translation>
    </message>
    <message>
        <source>Accept the suggestion and go to the next study</source>
        <translation>Vorschlag übernehmen und zur nächsten Untersuchung gehen</translation>
    </message>
    <message>
        <source>Accept  {0}</source>
        <translation>Übernehmen  {0}</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Keep the answer and go to the next study</source>
        <translation>Antwort behalten und zur nächsten Untersuchung gehen</translation>
    </message>
    <message>
        <source>Go on  {0}</source>
        <translation>Weiter  {0}</translation>
    </message>
    <message>
        <source>Answered</source>
        <translation>Beantwortet</translation>
    </message>
    <message>
        <source>The answer is whole: show what the model suggests</source>
        <translation>Die Antwort ist vollständig: zeigen, was das Modell vorschlägt</translation>
    </message>
    <message>
        <source>Answered  {0}</source>
        <translation>Beantwortet  {0}</translation>
    </message>
    <message>
        <source>Unsure</source>
        <translation>Unsicher</translation>
    </message>
    <message>
        <source>It cannot be decided on this image</source>
        <translation>An diesem Bild nicht zu entscheiden</translation>
    </message>
    <message>
        <source>Unsure  {0}</source>
        <translation>Unsicher  {0}</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Take back what was done last</source>
        <translation>Zuletzt Getanes zurücknehmen</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Wiederholen</translation>
    </message>
    <message>
        <source>Do again what was taken back</source>
        <translation>Zurückgenommenes wiederholen</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Notiz</translation>
    </message>
    <message>
        <source>Enter keeps the note, Shift+Enter begins a line, Esc takes back</source>
        <translation>Enter behält die Notiz, Umschalt+Enter beginnt eine Zeile, Esc nimmt zurück</translation>
    </message>
    <message>
        <source>Note  ({0})</source>
        <translation>Notiz  ({0})</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>site</source>
        <translation>Standort</translation>
    </message>
    <message>
        <source>The model is looking at this image.</source>
        <translation>Das Modell wertet dieses Bild aus.</translation>
    </message>
    <message>
        <source>No suggestion for this image.</source>
        <translation>Kein Vorschlag für dieses Bild.</translation>
    </message>
    <message>
        <source>Close: {0} ahead of {1}</source>
        <translation>Knapp: {0} vor {1}</translation>
    </message>
    <message>
        <source>{0} ahead of {1}</source>
        <translation>{0} vor {1}</translation>
    </message>
    <message>
        <source>Clear: {0} ahead of {1}</source>
        <translation>Deutlich: {0} vor {1}</translation>
    </message>
    <message>
        <source>Clear: every finding is at least {0} from its operating point</source>
        <translation>Deutlich: Jeder Befund liegt mindestens {0} von seinem Arbeitspunkt entfernt</translation>
    </message>
    <message>
        <source>Close: {1} is {0} above its operating point</source>
        <translation>Knapp: {1} liegt {0} über dem Arbeitspunkt</translation>
    </message>
    <message>
        <source>Close: {1} is {0} below its operating point</source>
        <translation>Knapp: {1} liegt {0} unter dem Arbeitspunkt</translation>
    </message>
    <message>
        <source>Looking at altered copies</source>
        <translation>Veränderte Kopien werden betrachtet</translation>
    </message>
    <message>
        <source>The same on {0:.0%} of slightly altered copies</source>
        <translation>Dasselbe bei {0:.0%} leicht veränderter Kopien</translation>
    </message>
    <message>
        <source>Not decided yet</source>
        <translation>Noch nicht entschieden</translation>
    </message>
    <message>
        <source>unsure</source>
        <translation>unsicher</translation>
    </message>
    <message>
        <source>none of these present</source>
        <translation>nichts davon vorhanden</translation>
    </message>
    <message>
        <source>Decided: {0}</source>
        <translation>Entschieden: {0}</translation>
    </message>
    <message>
        <source>{0} decided: {1}</source>
        <translation>{0} hat entschieden: {1}</translation>
    </message>
    <message>
        <source>added; answer a few films with it</source>
        <translation>hinzugefügt; einige Aufnahmen damit beantworten</translation>
    </message>
    <message>
        <source>1 example so far</source>
        <translation>bisher 1 Beispiel</translation>
    </message>
    <message>
        <source>{0} examples so far</source>
        <translation>bisher {0} Beispiele</translation>
    </message>
    <message>
        <source>{0}, {1} kept aside</source>
        <translation>{0}, {1} zurückgehalten</translation>
    </message>
    <message>
        <source>{0}: rough</source>
        <translation>{0}: grob</translation>
    </message>
</context>
<context>
    <name>Heading</name>
    <message>
        <source>Suggested</source>
        <translation>Vorschlag</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>Check agreement</source>
        <translation>Übereinstimmung prüfen</translation>
    </message>
    <message>
        <source>Does the model say the same of slightly altered copies of the film?</source>
        <translation>Sagt das Modell dasselbe zu leicht veränderten Kopien der Aufnahme?</translation>
    </message>
    <message>
        <source>Not what this model knows</source>
        <translation>Nicht, was dieses Modell kennt</translation>
    </message>
</context>
<context>
    <name>HelpSheet</name>
    <message>
        <source>Keys and preferences</source>
        <translation>Tasten und Einstellungen</translation>
    </message>
    <message>
        <source>Search actions and keys</source>
        <translation>Aktionen und Tasten suchen</translation>
    </message>
    <message>
        <source>Change places</source>
        <translation>Tauschen</translation>
    </message>
    <message>
        <source>Each of the two actions gets the other&apos;s key</source>
        <translation>Jede der beiden Aktionen bekommt die Taste der anderen</translation>
    </message>
    <message>
        <source>Leave it</source>
        <translation>So lassen</translation>
    </message>
    <message>
        <source>Nothing changes</source>
        <translation>Nichts ändert sich</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Preferences</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Back to the film  (Esc)</source>
        <translation>Zurück zur Aufnahme  (Esc)</translation>
    </message>
    <message>
        <source>Reset all keys</source>
        <translation>Alle Tasten zurücksetzen</translation>
    </message>
    <message>
        <source>Put every action back on its first key</source>
        <translation>Jede Aktion wieder auf ihre erste Taste legen</translation>
    </message>
    <message>
        <source>Click a key, or press Enter on it, then press another one. Keys go by their place, with Ctrl by what they say.</source>
        <translation>Eine Taste anklicken oder Enter drücken, dann eine andere drücken. Tasten gelten nach ihrem Ort, mit Strg nach ihrer Beschriftung.</translation>
    </message>
    <message>
        <source>No action matches “{0}”.</source>
        <translation>Keine Aktion passt zu „{0}“.</translation>
    </message>
    <message>
        <source>also {0}</source>
        <translation>auch {0}</translation>
    </message>
    <message>
        <source>Reset {0}</source>
        <translation>{0} zurücksetzen</translation>
    </message>
    <message>
        <source>Back to the first key of “{0}”</source>
        <translation>Zurück zur ersten Taste von „{0}“</translation>
    </message>
</context>
<context>
    <name>ImportForm</name>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Architecture</source>
        <translation>Architektur</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>for example {0}</source>
        <translation>zum Beispiel {0}</translation>
    </message>
    <message>
        <source>One of these</source>
        <translation>Eines davon</translation>
    </message>
    <message>
        <source>Any of these</source>
        <translation>Jedes davon</translation>
    </message>
    <message>
        <source>Exactly one finding is there (softmax)</source>
        <translation>Genau ein Befund liegt vor (Softmax)</translation>
    </message>
    <message>
        <source>Several findings may be there at once (sigmoid)</source>
        <translation>Mehrere Befunde können zugleich vorliegen (Sigmoid)</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>the architecture&apos;s own</source>
        <translation>wie es die Architektur vorgibt</translation>
    </message>
    <message>
        <source>Input size</source>
        <translation>Eingabegröße</translation>
    </message>
    <message>
        <source>Mean</source>
        <translation>Mittelwert</translation>
    </message>
    <message>
        <source>Standard deviation</source>
        <translation>Standardabweichung</translation>
    </message>
    <message>
        <source>the architecture&apos;s own, such as {0}</source>
        <translation>wie es die Architektur vorgibt, etwa {0}</translation>
    </message>
    <message>
        <source>Crop to the lungs</source>
        <translation>Auf die Lunge zuschneiden</translation>
    </message>
    <message>
        <source>It was trained on films cut to the lungs</source>
        <translation>Es wurde mit Aufnahmen trainiert, die auf die Lunge zugeschnitten waren</translation>
    </message>
    <message>
        <source>Leave its last layer out</source>
        <translation>Letzte Schicht weglassen</translation>
    </message>
    <message>
        <source>It answered other questions before: it does not suggest until it has been tuned here</source>
        <translation>Es beantwortete vorher andere Fragen: Es macht keine Vorschläge, bis es hier feinabgestimmt wurde</translation>
    </message>
    <message>
        <source>Modalities</source>
        <translation>Modalitäten</translation>
    </message>
    <message>
        <source>Body part</source>
        <translation>Körperteil</translation>
    </message>
    <message>
        <source>Views</source>
        <translation>Projektionen</translation>
    </message>
    <message>
        <source>Result of the import</source>
        <translation>Ergebnis des Imports</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Import</source>
        <translation>Importieren</translation>
    </message>
    <message>
        <source>Check the file and add the model</source>
        <translation>Datei prüfen und Modell aufnehmen</translation>
    </message>
    <message>
        <source>An import is under way.</source>
        <translation>Ein Import läuft.</translation>
    </message>
    <message>
        <source>The file has to end in one of {0}.</source>
        <translation>Die Datei muss auf eines von {0} enden.</translation>
    </message>
    <message>
        <source>There is no such file.</source>
        <translation>Diese Datei gibt es nicht.</translation>
    </message>
    <message>
        <source>Name the architecture.</source>
        <translation>Die Architektur fehlt.</translation>
    </message>
    <message>
        <source>Name the findings, in the order of the model&apos;s outputs.</source>
        <translation>Die Befunde fehlen, in der Reihenfolge der Ausgänge des Modells.</translation>
    </message>
    <message>
        <source>One of many takes at least two findings.</source>
        <translation>Eines von mehreren verlangt mindestens zwei Befunde.</translation>
    </message>
    <message>
        <source>Import a model</source>
        <translation>Modell importieren</translation>
    </message>
    <message>
        <source>Weights (.safetensors, .pt, .pth) with the name of their architecture, a torch.export program (.pt2) or an ONNX file. Without a file, the architecture&apos;s pretrained weights are fetched. What a file holds is checked, and never run unread.</source>
        <translation>Gewichte (.safetensors, .pt, .pth) mit dem Namen ihrer Architektur, ein torch.export-Programm (.pt2) oder eine ONNX-Datei. Ohne Datei werden die vortrainierten Gewichte der Architektur geholt. Was eine Datei enthält, wird geprüft und nie ungelesen ausgeführt.</translation>
    </message>
    <message>
        <source>Browse…</source>
        <translation>Durchsuchen…</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Preparation, and what it is meant for</source>
        <translation>Vorbereitung, und wofür es gedacht ist</translation>
    </message>
    <message>
        <source>Deviation</source>
        <translation>Abweichung</translation>
    </message>
    <message>
        <source>Progress of the import</source>
        <translation>Fortschritt des Imports</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Back to the models</source>
        <translation>Zurück zu den Modellen</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>not needed: the file brings its network</source>
        <translation>nicht nötig: Die Datei bringt ihr Netz mit</translation>
    </message>
</context>
<context>
    <name>ImportProblems</name>
    <message>
        <source>Files that could not be read</source>
        <translation>Dateien, die nicht gelesen werden konnten</translation>
    </message>
    <message>
        <source>Copy details</source>
        <translation>Details kopieren</translation>
    </message>
    <message>
        <source>Copies the chosen lines, or all if none is chosen</source>
        <translation>Kopiert die gewählten Zeilen, oder alle, wenn keine gewählt ist</translation>
    </message>
    <message>
        <source>Close the list</source>
        <translation>Liste schließen</translation>
    </message>
    <message>
        <source>1 file could not be read; the rest is in the worklist.</source>
        <translation>1 Datei konnte nicht gelesen werden; der Rest steht in der Arbeitsliste.</translation>
    </message>
    <message>
        <source>{0} files could not be read; the rest is in the worklist.</source>
        <translation>{0} Dateien konnten nicht gelesen werden; der Rest steht in der Arbeitsliste.</translation>
    </message>
</context>
<context>
    <name>ImportanceChart</name>
    <message>
        <source>Told from four finished trials on</source>
        <translation>Ab vier fertigen Versuchen</translation>
    </message>
</context>
<context>
    <name>KeyButton</name>
    <message>
        <source>{0}: {1}</source>
        <translation>{0}: {1}</translation>
    </message>
    <message>
        <source>Press to put “{0}” on another key</source>
        <translation>Drücken, um „{0}“ auf eine andere Taste zu legen</translation>
    </message>
    <message>
        <source>press a key</source>
        <translation>Taste drücken</translation>
    </message>
</context>
<context>
    <name>Keyboard</name>
    <message>
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Enter</translation>
    </message>
    <message>
        <source>Backspace</source>
        <translation>Rücktaste</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Entf</translation>
    </message>
    <message>
        <source>Insert</source>
        <translation>Einfg</translation>
    </message>
    <message>
        <source>Home</source>
        <translation>Pos1</translation>
    </message>
    <message>
        <source>End</source>
        <translation>Ende</translation>
    </message>
    <message>
        <source>Page up</source>
        <translation>Bild auf</translation>
    </message>
    <message>
        <source>Page down</source>
        <translation>Bild ab</translation>
    </message>
    <message>
        <source>Menu key</source>
        <translation>Menütaste</translation>
    </message>
    <message>
        <source>Ctrl</source>
        <translation>Strg</translation>
    </message>
    <message>
        <source>Shift</source>
        <translation>Umschalt</translation>
    </message>
</context>
<context>
    <name>Learning</name>
    <message>
        <source>The training could not be started: {0}.</source>
        <translation>Das Training konnte nicht gestartet werden: {0}.</translation>
    </message>
    <message>
        <source>The training {0} could not be resumed: {1}.</source>
        <translation>Das Training {0} konnte nicht fortgesetzt werden: {1}.</translation>
    </message>
    <message>
        <source>Cancelled. It can be resumed.</source>
        <translation>Abgebrochen. Es kann fortgesetzt werden.</translation>
    </message>
    <message>
        <source>The training&apos;s process ended without a word.</source>
        <translation>Der Prozess des Trainings endete ohne ein Wort.</translation>
    </message>
    <message>
        <source>{0} was compared with {1}, and {2} is in use now: compare them (Models, Evaluation), or write a reason.</source>
        <translation>{0} wurde mit {1} verglichen, und jetzt ist {2} im Einsatz: vergleichen Sie beide (Modelle, Auswertung) oder schreiben Sie einen Grund.</translation>
    </message>
    <message>
        <source>Nobody compared {0} with {1}, which is in use: Evaluation does.</source>
        <translation>Niemand hat {0} mit {1} verglichen, das im Einsatz ist: Die Auswertung tut es.</translation>
    </message>
    <message>
        <source>The gate&apos;s verdict on {0} is “{1}”: using it all the same needs a reason.</source>
        <translation>Das Urteil der Prüfung über {0} lautet „{1}“: Es trotzdem einzusetzen verlangt eine Begründung.</translation>
    </message>
    <message>
        <source>No model was promoted, so there is nothing to roll back.</source>
        <translation>Kein Modell wurde freigegeben, darum ist nichts zurückzunehmen.</translation>
    </message>
</context>
<context>
    <name>LearningDesk</name>
    <message>
        <source>The model was imported.</source>
        <translation>Das Modell wurde importiert.</translation>
    </message>
    <message>
        <source>Nobody promoted this candidate; a training starts from the model in use.</source>
        <translation>Niemand hat diesen Kandidaten freigegeben; ein Training beginnt beim Modell im Einsatz.</translation>
    </message>
    <message>
        <source>Another model is being measured; wait for its end.</source>
        <translation>Ein anderes Modell wird gerade gemessen; bitte das Ende abwarten.</translation>
    </message>
    <message>
        <source>{0} is not there any more; measure again.</source>
        <translation>{0} ist nicht mehr da; bitte neu messen.</translation>
    </message>
    <message>
        <source>Nothing on this machine opens {0}.</source>
        <translation>Nichts auf diesem Rechner öffnet {0}.</translation>
    </message>
    <message>
        <source>{0} suggests from now on.</source>
        <translation>{0} macht ab jetzt die Vorschläge.</translation>
    </message>
    <message>
        <source>Model: {0}</source>
        <translation>Modell: {0}</translation>
    </message>
    <message>
        <source>There are no decisions to learn from yet.</source>
        <translation>Es gibt noch keine Entscheidungen, aus denen gelernt werden kann.</translation>
    </message>
    <message>
        <source>training: epoch {0}/{1}, {2} left</source>
        <translation>Training: Epoche {0}/{1}, noch {2}</translation>
    </message>
    <message>
        <source>training: reading films</source>
        <translation>Training: Aufnahmen werden gelesen</translation>
    </message>
    <message>
        <source>training: starting</source>
        <translation>Training: beginnt</translation>
    </message>
    <message>
        <source>The candidate is in use from now on; Roll back, at the lower left, undoes it.</source>
        <translation>Der Kandidat ist ab jetzt im Einsatz; „Freigabe zurücknehmen“, links unten, macht es rückgängig.</translation>
    </message>
</context>
<context>
    <name>Measuring</name>
    <message>
        <source>The measurement could not be started: {0}.</source>
        <translation>Die Messung konnte nicht gestartet werden: {0}.</translation>
    </message>
    <message>
        <source>The measurement ended without a word.</source>
        <translation>Die Messung endete ohne ein Wort.</translation>
    </message>
</context>
<context>
    <name>MethodChooser</name>
    <message>
        <source>Method of explanation</source>
        <translation>Methode der Erklärung</translation>
    </message>
    <message>
        <source>Choose a method</source>
        <translation>Methode wählen</translation>
    </message>
</context>
<context>
    <name>Methods</name>
    <message>
        <source>Features weighted by their mean gradient</source>
        <translation>Merkmale, nach ihrem mittleren Gradienten gewichtet</translation>
    </message>
    <message>
        <source>As Grad-CAM, weighted so that several places count</source>
        <translation>Wie Grad-CAM, so gewichtet, dass mehrere Stellen zählen</translation>
    </message>
    <message>
        <source>Gradient times feature in every cell: nothing is averaged away</source>
        <translation>Gradient mal Merkmal in jeder Zelle: Nichts wird weggemittelt</translation>
    </message>
    <message>
        <source>As HiResCAM, of the gradients that speak for the finding</source>
        <translation>Wie HiResCAM, nur mit Gradienten, die für den Befund sprechen</translation>
    </message>
    <message>
        <source>What stands out among the features, whatever the finding</source>
        <translation>Was unter den Merkmalen hervorsticht, unabhängig vom Befund</translation>
    </message>
    <message>
        <source>Shows each feature alone and sees what is said</source>
        <translation>Zeigt jedes Merkmal allein und sieht, was gesagt wird</translation>
    </message>
    <message>
        <source>Leaves out each feature in turn</source>
        <translation>Lässt ein Merkmal nach dem anderen weg</translation>
    </message>
    <message>
        <source>Covers the film patch by patch and sees what is said</source>
        <translation>Deckt die Aufnahme Stück für Stück ab und sieht, was gesagt wird</translation>
    </message>
    <message>
        <source>Integrated gradients</source>
        <translation>Integrierte Gradienten</translation>
    </message>
    <message>
        <source>Adds the gradients up on the way from an empty film to this one</source>
        <translation>Summiert die Gradienten auf dem Weg von einer leeren Aufnahme zu dieser</translation>
    </message>
    <message>
        <source>Covers patches at random, many times, and fits which of them count</source>
        <translation>Deckt viele Male zufällige Stücke ab und bestimmt, welche zählen</translation>
    </message>
</context>
<context>
    <name>ModeChooser</name>
    <message>
        <source>How the heatmap is drawn</source>
        <translation>Wie die Heatmap gezeichnet wird</translation>
    </message>
    <message>
        <source>Smooth</source>
        <translation>Geglättet</translation>
    </message>
    <message>
        <source>Between the centres of the network&apos;s cells</source>
        <translation>Zwischen den Mitten der Zellen des Netzes</translation>
    </message>
    <message>
        <source>Network&apos;s cells</source>
        <translation>Zellen des Netzes</translation>
    </message>
    <message>
        <source>As coarse as the network&apos;s last layer is</source>
        <translation>So grob wie die letzte Schicht des Netzes</translation>
    </message>
    <message>
        <source>Contours</source>
        <translation>Konturen</translation>
    </message>
    <message>
        <source>Lines at 25, 50 and 75% of the peak; the film is bare between them</source>
        <translation>Linien bei 25, 50 und 75% des Höchstwerts; dazwischen liegt die Aufnahme frei</translation>
    </message>
</context>
<context>
    <name>ModelImport</name>
    <message>
        <source>The import could not be started: {0}.</source>
        <translation>Der Import konnte nicht gestartet werden: {0}.</translation>
    </message>
    <message>
        <source>The import was cancelled.</source>
        <translation>Der Import wurde abgebrochen.</translation>
    </message>
    <message>
        <source>The import ended without a word.</source>
        <translation>Der Import endete ohne ein Wort.</translation>
    </message>
</context>
<context>
    <name>Models</name>
    <message>
        <source>picture files</source>
        <translation>Bilddateien</translation>
    </message>
    <message>
        <source>any modality</source>
        <translation>jede Modalität</translation>
    </message>
    <message>
        <source>any body part</source>
        <translation>jede Körperregion</translation>
    </message>
    <message>
        <source>any view</source>
        <translation>jede Projektion</translation>
    </message>
    <message>
        <source>phantoms only</source>
        <translation>nur Phantome</translation>
    </message>
    <message>
        <source>whole image resized to the square</source>
        <translation>ganzes Bild auf das Quadrat gestaucht</translation>
    </message>
    <message>
        <source>aspect ratio kept, padded to the square</source>
        <translation>Seitenverhältnis bewahrt, zum Quadrat ergänzt</translation>
    </message>
    <message>
        <source>normalised by the data set&apos;s mean and spread</source>
        <translation>normiert mit Mittelwert und Streuung des Datensatzes</translation>
    </message>
    <message>
        <source>normalised by each image&apos;s own mean and spread</source>
        <translation>normiert mit Mittelwert und Streuung des einzelnen Bildes</translation>
    </message>
    <message>
        <source>cut to the lungs</source>
        <translation>auf die Lunge zugeschnitten</translation>
    </message>
    <message>
        <source>{0}, a torch.export program</source>
        <translation>{0}, ein torch.export-Programm</translation>
    </message>
    <message>
        <source>{0}, an ONNX file: it gives no maps of its own</source>
        <translation>{0}, eine ONNX-Datei: Sie liefert keine eigenen Karten</translation>
    </message>
    <message>
        <source>as the network says it</source>
        <translation>wie das Netz es sagt</translation>
    </message>
    <message>
        <source>temperature {0:.3g}</source>
        <translation>Temperatur {0:.3g}</translation>
    </message>
    <message>
        <source>none of its own: .50 each</source>
        <translation>keine eigenen: je .50</translation>
    </message>
    <message>
        <source>none: the most probable leads</source>
        <translation>keine: Der wahrscheinlichste Befund führt</translation>
    </message>
    <message>
        <source>described: of anything else it says that it does not know it</source>
        <translation>beschrieben: Von allem anderen sagt es, dass es das nicht kennt</translation>
    </message>
    <message>
        <source>not described: it answers whatever it is shown</source>
        <translation>nicht beschrieben: Es antwortet, was immer ihm gezeigt wird</translation>
    </message>
    <message>
        <source>yes</source>
        <translation>ja</translation>
    </message>
    <message>
        <source>no</source>
        <translation>nein</translation>
    </message>
    <message>
        <source>Figures</source>
        <translation>Kennzahlen</translation>
    </message>
    <message>
        <source>Figures, {0}</source>
        <translation>Kennzahlen, {0}</translation>
    </message>
    <message>
        <source>learned from</source>
        <translation>daraus gelernt</translation>
    </message>
    <message>
        <source>validation</source>
        <translation>Validierung</translation>
    </message>
    <message>
        <source>measured on</source>
        <translation>daran gemessen</translation>
    </message>
    <message>
        <source>images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>patients</source>
        <translation>Patienten</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>balanced accuracy</source>
        <translation>balancierte Genauigkeit</translation>
    </message>
    <message>
        <source>accuracy</source>
        <translation>Genauigkeit</translation>
    </message>
    <message>
        <source>macro AUROC</source>
        <translation>Makro-AUROC</translation>
    </message>
    <message>
        <source>log-loss, lower is better</source>
        <translation>Log-Loss, niedriger ist besser</translation>
    </message>
    <message>
        <source>Brier score, lower is better</source>
        <translation>Brier-Score, niedriger ist besser</translation>
    </message>
    <message>
        <source>calibration error, lower is better</source>
        <translation>Kalibrierungsfehler, niedriger ist besser</translation>
    </message>
    <message>
        <source>films it does not know</source>
        <translation>Aufnahmen, die es nicht kennt</translation>
    </message>
    <message>
        <source>evidence inside the lungs</source>
        <translation>Hinweise innerhalb der Lunge</translation>
    </message>
    <message>
        <source>evidence inside the lungs, {0}</source>
        <translation>Hinweise innerhalb der Lunge, {0}</translation>
    </message>
    <message>
        <source>as sure with the lungs covered, lower is better</source>
        <translation>mit abgedeckter Lunge ebenso sicher, niedriger ist besser</translation>
    </message>
    <message>
        <source>AUROC, {0}</source>
        <translation>AUROC, {0}</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
    <message>
        <source>1 film</source>
        <translation>1 Aufnahme</translation>
    </message>
    <message>
        <source>{0} films</source>
        <translation>{0} Aufnahmen</translation>
    </message>
    <message>
        <source>1 patient</source>
        <translation>1 Patient</translation>
    </message>
    <message>
        <source>{0} patients</source>
        <translation>{0} Patienten</translation>
    </message>
    <message>
        <source>95% interval</source>
        <translation>95%-Intervall</translation>
    </message>
</context>
<context>
    <name>ModelsPanel</name>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>About the model</source>
        <translation>Zum Modell</translation>
    </message>
    <message>
        <source>Import a model</source>
        <translation>Modell importieren</translation>
    </message>
    <message>
        <source>Evaluation</source>
        <translation>Auswertung</translation>
    </message>
    <message>
        <source>Bring a network of your own, or one with pretrained weights</source>
        <translation>Ein eigenes Netz mitbringen oder eines mit vortrainierten Gewichten</translation>
    </message>
    <message>
        <source>in use</source>
        <translation>im Einsatz</translation>
    </message>
    <message>
        <source>There are no models yet. Import one.</source>
        <translation>Es gibt noch keine Modelle. Eines importieren.</translation>
    </message>
</context>
<context>
    <name>Notice</name>
    <message>
        <source>Copy details</source>
        <translation>Details kopieren</translation>
    </message>
    <message>
        <source>Copy this sentence to the clipboard</source>
        <translation>Diesen Satz in die Zwischenablage kopieren</translation>
    </message>
</context>
<context>
    <name>Numbers</name>
    <message>
        <source>{0} to {1}</source>
        <translation>{0} bis {1}</translation>
    </message>
    <message>
        <source>{0} s</source>
        <translation>{0} s</translation>
    </message>
    <message>
        <source>{0} min</source>
        <translation>{0} min</translation>
    </message>
    <message>
        <source>{0:.1f} h</source>
        <translation>{0:.1f} h</translation>
    </message>
</context>
<context>
    <name>ParallelChart</name>
    <message>
        <source>Lines begin with the first trial</source>
        <translation>Linien beginnen mit dem ersten Versuch</translation>
    </message>
    <message>
        <source>Best, trial {0}: {1}</source>
        <translation>Bester, Versuch {0}: {1}</translation>
    </message>
</context>
<context>
    <name>Pointing</name>
    <message>
        <source>No model answers for this film, so there is nobody to teach.</source>
        <translation>Für diese Aufnahme antwortet kein Modell, also ist niemand zu lehren.</translation>
    </message>
    <message>
        <source>Choose the finding first, beside the heatmap: “no finding” has no place.</source>
        <translation>Zuerst neben der Heatmap den Befund wählen: „kein Befund“ hat keinen Ort.</translation>
    </message>
</context>
<context>
    <name>PrecisionRecallChart</name>
    <message>
        <source>sensitivity</source>
        <translation>Sensitivität</translation>
    </message>
    <message>
        <source>precision</source>
        <translation>positiver Vorhersagewert</translation>
    </message>
</context>
<context>
    <name>Preferences</name>
    <message>
        <source>Reader&apos;s name</source>
        <translation>Name des Befunders</translation>
    </message>
    <message>
        <source>It stands beside every decision you make from now on</source>
        <translation>Er steht ab jetzt neben jeder Entscheidung</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Language of the window, from the next start on</source>
        <translation>Sprache des Programms, ab dem nächsten Start</translation>
    </message>
    <message>
        <source>Dragging up brightens</source>
        <translation>Ziehen nach oben macht heller</translation>
    </message>
    <message>
        <source>Dragging down brightens</source>
        <translation>Ziehen nach unten macht heller</translation>
    </message>
    <message>
        <source>With the window tool, on every film</source>
        <translation>Mit dem Werkzeug „Fenster“, auf jeder Aufnahme</translation>
    </message>
    <message>
        <source>Show it on films</source>
        <translation>Auf Aufnahmen zeigen</translation>
    </message>
    <message>
        <source>As the desktop</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Reader</source>
        <translation>Befunder</translation>
    </message>
    <message>
        <source>The window speaks it from the next start on.</source>
        <translation>Gilt ab dem nächsten Start.</translation>
    </message>
    <message>
        <source>Mouse</source>
        <translation>Maus</translation>
    </message>
    <message>
        <source>Texts on the film</source>
        <translation>Beschriftung der Aufnahme</translation>
    </message>
    <message>
        <source>Warnings, such as lossy compression, always stand.</source>
        <translation>Warnungen, etwa vor verlustbehafteter Kompression, stehen immer da.</translation>
    </message>
</context>
<context>
    <name>Presets</name>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>The file&apos;s table {0}</source>
        <translation>Tabelle {0} der Datei</translation>
    </message>
    <message>
        <source>The file&apos;s window {0}</source>
        <translation>Fenster {0} der Datei</translation>
    </message>
</context>
<context>
    <name>Previewing</name>
    <message>
        <source>Decide a film first; its variants are shown here.</source>
        <translation>Zuerst über eine Aufnahme entscheiden; ihre Varianten stehen dann hier.</translation>
    </message>
</context>
<context>
    <name>ProbabilityBar</name>
    <message>
        <source>no probability</source>
        <translation>keine Wahrscheinlichkeit</translation>
    </message>
    <message>
        <source>Evidence for {0}, {1}</source>
        <translation>Hinweise auf {0}, {1}</translation>
    </message>
    <message>
        <source>Show the evidence for {0}</source>
        <translation>Hinweise auf {0} zeigen</translation>
    </message>
    <message>
        <source>The model has never seen {0}; the ring is the site-adapted value</source>
        <translation>Das Modell hat {0} nie gesehen; der Ring ist der angepasste Wert</translation>
    </message>
    <message>
        <source>Operating point {0}</source>
        <translation>Arbeitspunkt {0}</translation>
    </message>
    <message>
        <source>{0:.0%} with the part covered</source>
        <translation>{0:.0%} mit abgedecktem Teil</translation>
    </message>
</context>
<context>
    <name>Probing</name>
    <message>
        <source>No model answers for this film, so there is nobody to ask.</source>
        <translation>Für diese Aufnahme antwortet kein Modell, also ist niemand zu fragen.</translation>
    </message>
</context>
<context>
    <name>Reading</name>
    <message>
        <source>Image {0} of {1}</source>
        <translation>Bild {0} von {1}</translation>
    </message>
</context>
<context>
    <name>ReadingActs</name>
    <message>
        <source>This film is in colour and has no window.</source>
        <translation>Diese Aufnahme ist farbig und hat kein Fenster.</translation>
    </message>
    <message>
        <source>This film has no window {0}.</source>
        <translation>Diese Aufnahme hat kein Fenster {0}.</translation>
    </message>
    <message>
        <source>Names and numbers of patients are hidden.</source>
        <translation>Namen und Nummern der Patienten sind verborgen.</translation>
    </message>
    <message>
        <source>There is no earlier study of this patient here.</source>
        <translation>Hier gibt es keine Voraufnahme dieses Patienten.</translation>
    </message>
    <message>
        <source>The views are not linked any more.</source>
        <translation>Die Ansichten sind nicht mehr gekoppelt.</translation>
    </message>
    <message>
        <source>Views of one frame of reference are linked.</source>
        <translation>Ansichten mit gleichem Bezugssystem sind gekoppelt.</translation>
    </message>
</context>
<context>
    <name>ReadingDesk</name>
    <message>
        <source>Looking for films</source>
        <translation>Aufnahmen werden gesucht</translation>
    </message>
    <message>
        <source>Open a file or a folder of films, or drop them here.</source>
        <translation>Eine Datei oder einen Ordner mit Aufnahmen öffnen oder hierher ziehen.</translation>
    </message>
    <message>
        <source>Open films</source>
        <translation>Aufnahmen öffnen</translation>
    </message>
    <message>
        <source>1 film found</source>
        <translation>1 Aufnahme gefunden</translation>
    </message>
    <message>
        <source>{0} films found</source>
        <translation>{0} Aufnahmen gefunden</translation>
    </message>
    <message>
        <source>{0}, {1} could not be read</source>
        <translation>{0}, {1} nicht lesbar</translation>
    </message>
    <message>
        <source>1 film has no patient identifier: it counts as a patient of its own.</source>
        <translation>1 Aufnahme hat keine Patientenkennung: Sie zählt als eigener Patient.</translation>
    </message>
    <message>
        <source>{0} films have no patient identifier: each counts as a patient of its own.</source>
        <translation>{0} Aufnahmen haben keine Patientenkennung: Jede zählt als eigener Patient.</translation>
    </message>
    <message>
        <source>Everything in this list is read.</source>
        <translation>Alles in dieser Liste ist befundet.</translation>
    </message>
</context>
<context>
    <name>ReadingKeys</name>
    <message>
        <source>{0} cannot be chosen: it carries the focus from one control to the next.</source>
        <translation>{0} ist nicht wählbar: Sie führt von einem Bedienelement zum nächsten.</translation>
    </message>
    <message>
        <source>{0} is the key of “{1}”; “{2}” can change places with it.</source>
        <translation>{0} ist die Taste von „{1}“; „{2}“ kann mit ihr tauschen.</translation>
    </message>
</context>
<context>
    <name>RegionButtons</name>
    <message>
        <source>Where is it?</source>
        <translation>Wo ist es?</translation>
    </message>
    <message>
        <source>Draw where the finding is; the next training learns to look there</source>
        <translation>Zeichnen, wo der Befund liegt; das nächste Training lernt, dorthin zu sehen</translation>
    </message>
    <message>
        <source>Wrong place</source>
        <translation>Falsche Stelle</translation>
    </message>
    <message>
        <source>Draw over heatmap that has no business there; the next training learns to leave it</source>
        <translation>Über Heatmap zeichnen, die dort nichts zu suchen hat; das nächste Training lernt, davon zu lassen</translation>
    </message>
    <message>
        <source>Drawn as {0}</source>
        <translation>Gezeichnet als {0}</translation>
    </message>
    <message>
        <source>ellipse</source>
        <translation>Ellipse</translation>
    </message>
    <message>
        <source>rectangle</source>
        <translation>Rechteck</translation>
    </message>
    <message>
        <source>an outline by hand</source>
        <translation>Umriss von Hand</translation>
    </message>
</context>
<context>
    <name>ReliabilityChart</name>
    <message>
        <source>stated probability</source>
        <translation>angegebene Wahrscheinlichkeit</translation>
    </message>
    <message>
        <source>observed share</source>
        <translation>beobachteter Anteil</translation>
    </message>
</context>
<context>
    <name>RocChart</name>
    <message>
        <source>1 − specificity</source>
        <translation>1 − Spezifität</translation>
    </message>
    <message>
        <source>sensitivity</source>
        <translation>Sensitivität</translation>
    </message>
</context>
<context>
    <name>RunBar</name>
    <message>
        <source>Starting</source>
        <translation>Beginnt</translation>
    </message>
    <message>
        <source>Stopping after this batch</source>
        <translation>Hält nach diesem Schritt an</translation>
    </message>
</context>
<context>
    <name>RunView</name>
    <message>
        <source>Progress of the training</source>
        <translation>Fortschritt des Trainings</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Stop at the next batch; the model in use stays as it is</source>
        <translation>Nach dem nächsten Schritt anhalten; das Modell im Einsatz bleibt, wie es ist</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Go on from the last finished epoch</source>
        <translation>Ab der letzten fertigen Epoche weitermachen</translation>
    </message>
    <message>
        <source>Loss</source>
        <translation>Verlust</translation>
    </message>
    <message>
        <source>epoch</source>
        <translation>Epoche</translation>
    </message>
    <message>
        <source>log-loss</source>
        <translation>Log-Loss</translation>
    </message>
    <message>
        <source>Validation</source>
        <translation>Validierung</translation>
    </message>
    <message>
        <source>Curves begin with the first epoch</source>
        <translation>Kurven ab der ersten Epoche</translation>
    </message>
    <message>
        <source>No training has run in this session.</source>
        <translation>In dieser Sitzung lief noch kein Training.</translation>
    </message>
    <message>
        <source>No film is in the validation part</source>
        <translation>Im Validierungsteil ist keine Aufnahme</translation>
    </message>
    <message>
        <source>Preparing on {0}</source>
        <translation>Wird auf {0} vorbereitet</translation>
    </message>
    <message>
        <source>Reading films: {0} of {1}</source>
        <translation>Aufnahmen werden gelesen: {0} von {1}</translation>
    </message>
    <message>
        <source>Epoch {0} of {1}</source>
        <translation>Epoche {0} von {1}</translation>
    </message>
    <message>
        <source>{0}, {1} left</source>
        <translation>{0}, noch {1}</translation>
    </message>
    <message>
        <source>training</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>validation</source>
        <translation>Validierung</translation>
    </message>
    <message>
        <source>macro AUROC</source>
        <translation>Makro-AUROC</translation>
    </message>
    <message>
        <source>balanced accuracy</source>
        <translation>balancierte Genauigkeit</translation>
    </message>
    <message>
        <source>Done. Epoch {0} was kept.</source>
        <translation>Fertig. Epoche {0} wurde behalten.</translation>
    </message>
    <message>
        <source>Done.</source>
        <translation>Fertig.</translation>
    </message>
    <message>
        <source>Cancelled. The model in use stays as it is.</source>
        <translation>Abgebrochen. Das Modell im Einsatz bleibt, wie es ist.</translation>
    </message>
    <message>
        <source>The training failed: {0}</source>
        <translation>Das Training ist gescheitert: {0}</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>Training</translation>
    </message>
</context>
<context>
    <name>Search</name>
    <message>
        <source>depth</source>
        <translation>Tiefe</translation>
    </message>
    <message>
        <source>learning rate</source>
        <translation>Lernrate</translation>
    </message>
    <message>
        <source>weight decay</source>
        <translation>Gewichtsabnahme</translation>
    </message>
    <message>
        <source>augmentation</source>
        <translation>Augmentierung</translation>
    </message>
    <message>
        <source>optimiser</source>
        <translation>Optimierer</translation>
    </message>
    <message>
        <source>layer decay</source>
        <translation>Abnahme je Schicht</translation>
    </message>
    <message>
        <source>class balance</source>
        <translation>Klassenausgleich</translation>
    </message>
    <message>
        <source>network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <source>model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>head only</source>
        <translation>nur der Kopf</translation>
    </message>
    <message>
        <source>last stage</source>
        <translation>letzte Stufe</translation>
    </message>
    <message>
        <source>later half</source>
        <translation>hintere Hälfte</translation>
    </message>
    <message>
        <source>whole model</source>
        <translation>ganzes Modell</translation>
    </message>
</context>
<context>
    <name>SearchDesk</name>
    <message>
        <source>The next training uses these settings.</source>
        <translation>Das nächste Training verwendet diese Einstellungen.</translation>
    </message>
    <message>
        <source>search: {0} of {1} trials</source>
        <translation>Suche: {0} von {1} Versuchen</translation>
    </message>
    <message>
        <source>{0}, {1} left</source>
        <translation>{0}, noch {1}</translation>
    </message>
    <message>
        <source>The job lies in the folder.</source>
        <translation>Der Auftrag liegt im Ordner.</translation>
    </message>
    <message>
        <source>The result of a training that was sent lies there: see Training.</source>
        <translation>Das Ergebnis eines gesendeten Trainings liegt vor: siehe Training.</translation>
    </message>
</context>
<context>
    <name>SearchView</name>
    <message>
        <source>Start search</source>
        <translation>Suche starten</translation>
    </message>
    <message>
        <source>Try settings one after the other in a process of its own</source>
        <translation>Einstellungen nacheinander in einem eigenen Prozess versuchen</translation>
    </message>
    <message>
        <source>Cancel the search</source>
        <translation>Suche abbrechen</translation>
    </message>
    <message>
        <source>Resume the search</source>
        <translation>Suche fortsetzen</translation>
    </message>
    <message>
        <source>Trials</source>
        <translation>Versuche</translation>
    </message>
    <message>
        <source>What mattered</source>
        <translation>Worauf es ankam</translation>
    </message>
    <message>
        <source>Use these settings</source>
        <translation>Diese Einstellungen verwenden</translation>
    </message>
    <message>
        <source>Take the chosen trial&apos;s settings over into the next training</source>
        <translation>Einstellungen des gewählten Versuchs ins nächste Training übernehmen</translation>
    </message>
    <message>
        <source>No search has run yet.</source>
        <translation>Es lief noch keine Suche.</translation>
    </message>
    <message>
        <source>A search was interrupted. It can go on where it ended.</source>
        <translation>Eine Suche wurde unterbrochen. Sie kann weitergehen, wo sie endete.</translation>
    </message>
    <message>
        <source>Reading films: {0} of {1}</source>
        <translation>Aufnahmen werden gelesen: {0} von {1}</translation>
    </message>
    <message>
        <source>Measuring the best trial on the test part</source>
        <translation>Der beste Versuch wird am Testteil gemessen</translation>
    </message>
    <message>
        <source>Cancelled. No candidate was made.</source>
        <translation>Abgebrochen. Es entstand kein Kandidat.</translation>
    </message>
    <message>
        <source>The search failed: {0}</source>
        <translation>Die Suche ist gescheitert: {0}</translation>
    </message>
    <message>
        <source>{0} of {1} trials</source>
        <translation>{0} von {1} Versuchen</translation>
    </message>
    <message>
        <source>{0}, about {1} left</source>
        <translation>{0}, noch etwa {1}</translation>
    </message>
    <message>
        <source>trial</source>
        <translation>Versuch</translation>
    </message>
    <message>
        <source>state</source>
        <translation>Stand</translation>
    </message>
    <message>
        <source>epoch</source>
        <translation>Epoche</translation>
    </message>
    <message>
        <source>log-loss</source>
        <translation>Log-Loss</translation>
    </message>
    <message>
        <source>running</source>
        <translation>läuft</translation>
    </message>
    <message>
        <source>interrupted</source>
        <translation>unterbrochen</translation>
    </message>
    <message>
        <source>finished</source>
        <translation>fertig</translation>
    </message>
    <message>
        <source>ended early</source>
        <translation>früh beendet</translation>
    </message>
    <message>
        <source>failed</source>
        <translation>gescheitert</translation>
    </message>
    <message>
        <source>best</source>
        <translation>bester</translation>
    </message>
    <message>
        <source>No trial has come to its end yet.</source>
        <translation>Noch kein Versuch ist zu Ende.</translation>
    </message>
    <message>
        <source>Use the settings of trial {0}</source>
        <translation>Einstellungen von Versuch {0} verwenden</translation>
    </message>
    <message>
        <source>A search is running.</source>
        <translation>Eine Suche läuft.</translation>
    </message>
    <message>
        <source>Nothing to search over is chosen.</source>
        <translation>Nichts ist gewählt, worüber gesucht werden soll.</translation>
    </message>
    <message>
        <source>How many settings are tried at most</source>
        <translation>Wie viele Einstellungen höchstens versucht werden</translation>
    </message>
    <message>
        <source>no limit</source>
        <translation>keine Grenze</translation>
    </message>
    <message>
        <source> min</source>
        <translation> min</translation>
    </message>
    <message>
        <source>Time limit in minutes</source>
        <translation>Zeitgrenze in Minuten</translation>
    </message>
    <message>
        <source>No trial is begun after so long; the one under way ends</source>
        <translation>Danach beginnt kein Versuch mehr; der laufende endet noch</translation>
    </message>
    <message>
        <source>Progress of the search</source>
        <translation>Fortschritt der Suche</translation>
    </message>
    <message>
        <source>model to start from</source>
        <translation>Ausgangsmodell</translation>
    </message>
    <message>
        <source>One of: {0}</source>
        <translation>Eines von: {0}</translation>
    </message>
    <message>
        <source>Done. Trial {0} is best; it became a candidate.</source>
        <translation>Fertig. Versuch {0} ist der beste; er wurde ein Kandidat.</translation>
    </message>
    <message>
        <source>Stop at the next batch; what was found is kept, and can be resumed</source>
        <translation>Beim nächsten Stapel anhalten; was gefunden wurde, bleibt und kann fortgesetzt werden</translation>
    </message>
    <message>
        <source>Go on where the search ended, in the middle of a trial too</source>
        <translation>Weitergehen, wo die Suche endete, auch mitten in einem Versuch</translation>
    </message>
    <message>
        <source>Trials of the search</source>
        <translation>Versuche der Suche</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suche</translation>
    </message>
    <message>
        <source>Tries settings for the model and epochs chosen at the left, and keeps what the validation part likes best. The test part sees the best one only.</source>
        <translation>Versucht Einstellungen für das links gewählte Modell und die Epochen und behält, was dem Validierungsteil am besten gefällt. Der Testteil sieht nur den besten.</translation>
    </message>
    <message>
        <source>trials, within</source>
        <translation>Versuche, innerhalb von</translation>
    </message>
    <message>
        <source>Budget</source>
        <translation>Budget</translation>
    </message>
    <message>
        <source>Over</source>
        <translation>Über</translation>
    </message>
</context>
<context>
    <name>Searching</name>
    <message>
        <source>The search could not be started: {0}.</source>
        <translation>Die Suche konnte nicht gestartet werden: {0}.</translation>
    </message>
    <message>
        <source>The search {0} could not be resumed: {1}.</source>
        <translation>Die Suche {0} konnte nicht fortgesetzt werden: {1}.</translation>
    </message>
    <message>
        <source>The search&apos;s process ended without a word.</source>
        <translation>Der Prozess der Suche endete ohne ein Wort.</translation>
    </message>
</context>
<context>
    <name>SecondReads</name>
    <message>
        <source>Second read: the same as {0} decided on {1}. It will not come back.</source>
        <translation>Zweitbefundung: dasselbe, was {0} am {1} entschied. Sie kommt nicht wieder.</translation>
    </message>
    <message>
        <source>Second read: {0} decided {1} on {2}; {3} stands now.</source>
        <translation>Zweitbefundung: {0} entschied {1} am {2}; jetzt gilt {3}.</translation>
    </message>
    <message>
        <source>no finding that is present</source>
        <translation>kein vorhandener Befund</translation>
    </message>
</context>
<context>
    <name>Sending</name>
    <message>
        <source>The job could not be packed: {0}.</source>
        <translation>Der Auftrag konnte nicht gepackt werden: {0}.</translation>
    </message>
    <message>
        <source>Packing the job ended without a word.</source>
        <translation>Das Packen des Auftrags endete ohne ein Wort.</translation>
    </message>
</context>
<context>
    <name>ServerView</name>
    <message>
        <source>Choose a folder</source>
        <translation>Ordner wählen</translation>
    </message>
    <message>
        <source>A folder that the server looks into for jobs, such as a network share</source>
        <translation>Ein Ordner, in dem der Server nach Aufträgen sieht, etwa eine Netzfreigabe</translation>
    </message>
    <message>
        <source>Send to the server</source>
        <translation>An den Server senden</translation>
    </message>
    <message>
        <source>Films of the training and validation part leave, at the network&apos;s size and without names</source>
        <translation>Aufnahmen des Trainings- und Validierungsteils gehen hinaus, in der Größe des Netzes und ohne Namen</translation>
    </message>
    <message>
        <source>Packing films of the training and validation part</source>
        <translation>Aufnahmen des Trainings- und Validierungsteils werden gepackt</translation>
    </message>
    <message>
        <source>No folder is chosen yet.</source>
        <translation>Noch ist kein Ordner gewählt.</translation>
    </message>
    <message>
        <source>Choose another folder</source>
        <translation>Anderen Ordner wählen</translation>
    </message>
    <message>
        <source>Sent {0}, no result yet</source>
        <translation>Gesendet {0}, noch kein Ergebnis</translation>
    </message>
    <message>
        <source>Sent {0}, its result is there</source>
        <translation>Gesendet {0}, das Ergebnis ist da</translation>
    </message>
    <message>
        <source>Sent {0}, its result was taken</source>
        <translation>Gesendet {0}, das Ergebnis wurde übernommen</translation>
    </message>
    <message>
        <source>Take the result</source>
        <translation>Ergebnis übernehmen</translation>
    </message>
    <message>
        <source>Measure it here beside the model in use, on the test part</source>
        <translation>Hier neben dem Modell im Einsatz am Testteil messen</translation>
    </message>
    <message>
        <source>Take the result of the job sent {0}</source>
        <translation>Ergebnis des am {0} gesendeten Auftrags übernehmen</translation>
    </message>
    <message>
        <source>A training is running.</source>
        <translation>Ein Training läuft.</translation>
    </message>
    <message>
        <source>Where the server looks for jobs</source>
        <translation>Wo der Server nach Aufträgen sieht</translation>
    </message>
    <message>
        <source>On a server</source>
        <translation>Auf einem Server</translation>
    </message>
</context>
<context>
    <name>Similar</name>
    <message>
        <source>No model in use answers for this film, so none can compare it.</source>
        <translation>Für diese Aufnahme antwortet kein Modell im Einsatz, also kann keines sie vergleichen.</translation>
    </message>
    <message>
        <source>Answer first; then films like this one are shown.</source>
        <translation>Zuerst antworten; dann werden ähnliche Aufnahmen gezeigt.</translation>
    </message>
    <message>
        <source>The model is looking at this film.</source>
        <translation>Das Modell sieht sich diese Aufnahme an.</translation>
    </message>
    <message>
        <source>The model is looking at the films read so far.</source>
        <translation>Das Modell sieht sich die bisher befundeten Aufnahmen an.</translation>
    </message>
    <message>
        <source>No other film of this kind is read yet. Answer a few; those most like this one stand here.</source>
        <translation>Noch keine andere Aufnahme dieser Art ist befundet. Beantworten Sie einige; die ähnlichsten stehen dann hier.</translation>
    </message>
    <message>
        <source>Too few films are known yet to tell which are like this one.</source>
        <translation>Noch sind zu wenige Aufnahmen bekannt, um zu sagen, welche dieser ähneln.</translation>
    </message>
    <message>
        <source>The one film read so far is not like this one.</source>
        <translation>Die eine bisher befundete Aufnahme ähnelt dieser nicht.</translation>
    </message>
    <message>
        <source>None of the {0} films read so far is like this one.</source>
        <translation>Keine der {0} bisher befundeten Aufnahmen ähnelt dieser.</translation>
    </message>
    <message>
        <source>read {0}</source>
        <translation>befundet {0}</translation>
    </message>
    <message>
        <source>{reader} decided: {decision}. {date}. For the model the films are {likeness}.</source>
        <translation>{reader} entschied: {decision}. {date}. Für das Modell sind die Aufnahmen {likeness}.</translation>
    </message>
    <message>
        <source>It is a film of the same patient.</source>
        <translation>Es ist eine Aufnahme desselben Patienten.</translation>
    </message>
    <message>
        <source>unsure</source>
        <translation>unsicher</translation>
    </message>
    <message>
        <source>none present</source>
        <translation>keiner vorhanden</translation>
    </message>
    <message>
        <source>much alike</source>
        <translation>sehr ähnlich</translation>
    </message>
    <message>
        <source>alike</source>
        <translation>ähnlich</translation>
    </message>
    <message>
        <source>somewhat alike</source>
        <translation>etwas ähnlich</translation>
    </message>
    <message>
        <source>A case like this: {0}</source>
        <translation>Ein ähnlicher Fall: {0}</translation>
    </message>
</context>
<context>
    <name>SimilarDelegate</name>
    <message>
        <source>same patient</source>
        <translation>derselbe Patient</translation>
    </message>
</context>
<context>
    <name>SimilarPanel</name>
    <message>
        <source>Cases like this</source>
        <translation>Ähnliche Fälle</translation>
    </message>
    <message>
        <source>The films read already that are most like this one for the model, with what their readers decided. Likeness is no diagnosis.</source>
        <translation>Die schon befundeten Aufnahmen, die dieser für das Modell am ähnlichsten sind, mit dem, was ihre Befunder entschieden. Ähnlichkeit ist keine Diagnose.</translation>
    </message>
    <message>
        <source>Close the cases like this</source>
        <translation>Ähnliche Fälle zuklappen</translation>
    </message>
    <message>
        <source>Show cases like this</source>
        <translation>Ähnliche Fälle zeigen</translation>
    </message>
</context>
<context>
    <name>StatusLine</name>
    <message>
        <source>Background work</source>
        <translation>Arbeit im Hintergrund</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Progress of the training</source>
        <translation>Fortschritt des Trainings</translation>
    </message>
    <message>
        <source>Show the training</source>
        <translation>Training zeigen</translation>
    </message>
    <message>
        <source>Research use only, no medical device</source>
        <translation>Nur für die Forschung, kein Medizinprodukt</translation>
    </message>
    <message>
        <source>saved {0}</source>
        <translation>gespeichert {0}</translation>
    </message>
    <message>
        <source>reader: {0}</source>
        <translation>Befunder: {0}</translation>
    </message>
    <message>
        <source>{0}, {1:.0f} ms</source>
        <translation>{0}, {1:.0f} ms</translation>
    </message>
    <message>
        <source>{0}, under 1 ms</source>
        <translation>{0}, unter 1 ms</translation>
    </message>
    <message>
        <source>1 correction</source>
        <translation>1 Korrektur</translation>
    </message>
    <message>
        <source>{0} corrections</source>
        <translation>{0} Korrekturen</translation>
    </message>
</context>
<context>
    <name>StripModel</name>
    <message>
        <source>{series}, {number} of {of}</source>
        <translation>{series}, {number} von {of}</translation>
    </message>
    <message>
        <source>{0}, decided</source>
        <translation>{0}, entschieden</translation>
    </message>
</context>
<context>
    <name>StudyDelegate</name>
    <message>
        <source>Name not in the file</source>
        <translation>Name nicht in der Datei</translation>
    </message>
    <message>
        <source>{0} images</source>
        <translation>{0} Bilder</translation>
    </message>
    <message>
        <source>urgent</source>
        <translation>dringend</translation>
    </message>
    <message>
        <source>answer first</source>
        <translation>zuerst antworten</translation>
    </message>
</context>
<context>
    <name>Suggestions</name>
    <message>
        <source>An ONNX model gives answers and no features: only what looks from outside can explain it.</source>
        <translation>Ein ONNX-Modell gibt Antworten und keine Merkmale: Nur was von außen schaut, kann es erklären.</translation>
    </message>
</context>
<context>
    <name>ThumbnailStrip</name>
    <message>
        <source>Series and frames of the study</source>
        <translation>Serien und Bilder der Untersuchung</translation>
    </message>
</context>
<context>
    <name>TrainingPanel</name>
    <message>
        <source>Roll back</source>
        <translation>Freigabe zurücknehmen</translation>
    </message>
    <message>
        <source>Use the model again that was in use before</source>
        <translation>Wieder das Modell verwenden, das vorher im Einsatz war</translation>
    </message>
    <message>
        <source>No model is in use.</source>
        <translation>Kein Modell ist im Einsatz.</translation>
    </message>
    <message>
        <source>No other model was in use before.</source>
        <translation>Vorher war kein anderes Modell im Einsatz.</translation>
    </message>
    <message>
        <source>Use {0} again</source>
        <translation>Wieder {0} verwenden</translation>
    </message>
    <message>
        <source>A training was interrupted. It can go on from its last finished epoch.</source>
        <translation>Ein Training wurde unterbrochen. Es kann ab seiner letzten fertigen Epoche weitergehen.</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>Im Einsatz</translation>
    </message>
    <message>
        <source>Evaluation</source>
        <translation>Auswertung</translation>
    </message>
    <message>
        <source>How good the model in use is on the films kept aside here</source>
        <translation>Wie gut das Modell im Einsatz an den hier zurückgehaltenen Aufnahmen ist</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suche</translation>
    </message>
    <message>
        <source>Training or search</source>
        <translation>Training oder Suche</translation>
    </message>
    <message>
        <source>What was collected, and what will happen</source>
        <translation>Was gesammelt wurde und was geschehen wird</translation>
    </message>
    <message>
        <source>How the training goes, and the comparison</source>
        <translation>Wie das Training läuft, und der Vergleich</translation>
    </message>
</context>
<context>
    <name>UseView</name>
    <message>
        <source>Reason for using it</source>
        <translation>Begründung für den Einsatz</translation>
    </message>
    <message>
        <source>Reason (kept with the promotion)</source>
        <translation>Begründung (wird mit der Freigabe aufbewahrt)</translation>
    </message>
    <message>
        <source>Use this model</source>
        <translation>Dieses Modell einsetzen</translation>
    </message>
    <message>
        <source>Let it suggest from now on; Roll back undoes it</source>
        <translation>Es macht ab jetzt die Vorschläge; „Freigabe zurücknehmen“ macht das rückgängig</translation>
    </message>
    <message>
        <source>Tune it</source>
        <translation>Feinabstimmen</translation>
    </message>
    <message>
        <source>Train it on what was decided here</source>
        <translation>Mit den Entscheidungen von hier trainieren</translation>
    </message>
    <message>
        <source>In its place now: {0}.</source>
        <translation>Jetzt an seiner Stelle: {0}.</translation>
    </message>
    <message>
        <source>No model suggests for these images now.</source>
        <translation>Zu diesen Bildern macht jetzt kein Modell Vorschläge.</translation>
    </message>
    <message>
        <source>Evaluation</source>
        <translation>Auswertung</translation>
    </message>
    <message>
        <source>How good it is on the films kept aside here</source>
        <translation>Wie gut es an den hier zurückgehaltenen Aufnahmen ist</translation>
    </message>
    <message>
        <source>Its last layer is not trained yet: tune it first.</source>
        <translation>Seine letzte Schicht ist noch nicht trainiert: zuerst feinabstimmen.</translation>
    </message>
    <message>
        <source>Only weights with an architecture can be tuned.</source>
        <translation>Nur Gewichte mit einer Architektur lassen sich feinabstimmen.</translation>
    </message>
</context>
<context>
    <name>VerdictView</name>
    <message>
        <source>Verdict: {0}.</source>
        <translation>Urteil: {0}.</translation>
    </message>
</context>
<context>
    <name>ViewGrid</name>
    <message>
        <source>Film {0}</source>
        <translation>Aufnahme {0}</translation>
    </message>
</context>
<context>
    <name>Vocabulary</name>
    <message>
        <source>Atelectasis</source>
        <translation>Atelektase</translation>
    </message>
    <message>
        <source>Cardiomegaly</source>
        <translation>Kardiomegalie</translation>
    </message>
    <message>
        <source>Consolidation</source>
        <translation>Konsolidierung</translation>
    </message>
    <message>
        <source>Emphysema</source>
        <translation>Emphysem</translation>
    </message>
    <message>
        <source>Fibrosis</source>
        <translation>Fibrose</translation>
    </message>
    <message>
        <source>Fracture</source>
        <translation>Fraktur</translation>
    </message>
    <message>
        <source>Hernia</source>
        <translation>Hernie</translation>
    </message>
    <message>
        <source>Lung cancer</source>
        <translation>Lungenkarzinom</translation>
    </message>
    <message>
        <source>Lymphadenopathy</source>
        <translation>Lymphadenopathie</translation>
    </message>
    <message>
        <source>Mass</source>
        <translation>Raumforderung</translation>
    </message>
    <message>
        <source>Nodule</source>
        <translation>Rundherd</translation>
    </message>
    <message>
        <source>Oedema</source>
        <translation>Ödem</translation>
    </message>
    <message>
        <source>Pleural effusion</source>
        <translation>Pleuraerguss</translation>
    </message>
    <message>
        <source>Pleural thickening</source>
        <translation>Pleuraverdickung</translation>
    </message>
    <message>
        <source>Pneumonia</source>
        <translation>Pneumonie</translation>
    </message>
    <message>
        <source>Pneumothorax</source>
        <translation>Pneumothorax</translation>
    </message>
    <message>
        <source>Scoliosis</source>
        <translation>Skoliose</translation>
    </message>
    <message>
        <source>Support devices</source>
        <translation>Fremdmaterial</translation>
    </message>
    <message>
        <source>Tuberculosis</source>
        <translation>Tuberkulose</translation>
    </message>
</context>
<context>
    <name>WhatIf</name>
    <message>
        <source>Take the cover away</source>
        <translation>Abdeckung wegnehmen</translation>
    </message>
    <message>
        <source>What if only this part were seen? Shown only, never kept.</source>
        <translation>Was, wenn nur dieser Teil zu sehen wäre? Nur gezeigt, nie gespeichert.</translation>
    </message>
    <message>
        <source>What if this part were not seen? Shown only, never kept.</source>
        <translation>Was, wenn dieser Teil nicht zu sehen wäre? Nur gezeigt, nie gespeichert.</translation>
    </message>
</context>
<context>
    <name>Window</name>
    <message>
        <source>Something unexpected happened. What was saved is kept.</source>
        <translation>Etwas Unerwartetes ist geschehen. Gespeichertes bleibt erhalten.</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Open films; you can also drop them onto the window</source>
        <translation>Aufnahmen öffnen; sie lassen sich auch ins Programm ziehen</translation>
    </message>
    <message>
        <source>Open films</source>
        <translation>Aufnahmen öffnen</translation>
    </message>
    <message>
        <source>Files…</source>
        <translation>Dateien…</translation>
    </message>
    <message>
        <source>Folder…</source>
        <translation>Ordner…</translation>
    </message>
    <message>
        <source>W/L</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Drag to change window and level</source>
        <translation>Ziehen ändert das Fenster</translation>
    </message>
    <message>
        <source>Pan</source>
        <translation>Verschieben</translation>
    </message>
    <message>
        <source>Drag to move the film</source>
        <translation>Ziehen verschiebt die Aufnahme</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>Zoom</translation>
    </message>
    <message>
        <source>Drag to enlarge the film</source>
        <translation>Ziehen vergrößert die Aufnahme</translation>
    </message>
    <message>
        <source>Measure</source>
        <translation>Messen</translation>
    </message>
    <message>
        <source>Lengths, angles, areas, marks</source>
        <translation>Längen, Winkel, Flächen, Markierungen</translation>
    </message>
    <message>
        <source>Cover</source>
        <translation>Abdecken</translation>
    </message>
    <message>
        <source>Cover a part of the film, and see what the model says without it</source>
        <translation>Einen Teil der Aufnahme abdecken und sehen, was das Modell ohne ihn sagt</translation>
    </message>
    <message>
        <source>Invert</source>
        <translation>Invertieren</translation>
    </message>
    <message>
        <source>Exchange black and white</source>
        <translation>Schwarz und Weiß tauschen</translation>
    </message>
    <message>
        <source>Turn</source>
        <translation>Drehen</translation>
    </message>
    <message>
        <source>Turn and flip the film</source>
        <translation>Aufnahme drehen und spiegeln</translation>
    </message>
    <message>
        <source>Layout</source>
        <translation>Aufteilung</translation>
    </message>
    <message>
        <source>Views side by side, and what they show</source>
        <translation>Ansichten nebeneinander, und was sie zeigen</translation>
    </message>
    <message>
        <source>Cine</source>
        <translation>Cine</translation>
    </message>
    <message>
        <source>Play the images of the series</source>
        <translation>Bilder der Serie abspielen</translation>
    </message>
    <message>
        <source>Patients hidden</source>
        <translation>Patienten verborgen</translation>
    </message>
    <message>
        <source>Patient data is hidden; press to show it</source>
        <translation>Patientendaten sind verborgen; drücken zeigt sie</translation>
    </message>
    <message>
        <source>Reading</source>
        <translation>Befunden</translation>
    </message>
    <message>
        <source>Training</source>
        <translation>Training</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Open a folder of films</source>
        <translation>Ordner mit Aufnahmen öffnen</translation>
    </message>
</context>
<context>
    <name>Words</name>
    <message>
        <source>no finding</source>
        <translation>ohne Befund</translation>
    </message>
    <message>
        <source>opacity</source>
        <translation>Verschattung</translation>
    </message>
    <message>
        <source>COVID-19 pattern</source>
        <translation>COVID-19-Muster</translation>
    </message>
    <message>
        <source>other pneumonia</source>
        <translation>andere Pneumonie</translation>
    </message>
    <message>
        <source>Full range</source>
        <translation>Voller Bereich</translation>
    </message>
    <message>
        <source>Brain</source>
        <translation>Gehirn</translation>
    </message>
    <message>
        <source>Abdomen</source>
        <translation>Abdomen</translation>
    </message>
    <message>
        <source>Mediastinum</source>
        <translation>Mediastinum</translation>
    </message>
    <message>
        <source>Bone</source>
        <translation>Knochen</translation>
    </message>
    <message>
        <source>Lung</source>
        <translation>Lunge</translation>
    </message>
    <message>
        <source>Middle slice</source>
        <translation>Mittlere Schicht</translation>
    </message>
    <message>
        <source>picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>phantoms</source>
        <translation>Phantome</translation>
    </message>
    <message>
        <source>patients</source>
        <translation>Patienten</translation>
    </message>
    <message>
        <source>a phantom</source>
        <translation>ein Phantom</translation>
    </message>
    <message>
        <source>a patient</source>
        <translation>ein Patient</translation>
    </message>
    <message>
        <source>a picture</source>
        <translation>eine Bilddatei</translation>
    </message>
    <message>
        <source>a CT</source>
        <translation>ein CT</translation>
    </message>
    <message>
        <source>an MR image</source>
        <translation>ein MR-Bild</translation>
    </message>
    <message>
        <source>an ultrasound image</source>
        <translation>ein Ultraschallbild</translation>
    </message>
    <message>
        <source>a mammogram</source>
        <translation>eine Mammographie</translation>
    </message>
    <message>
        <source>a PET image</source>
        <translation>ein PET-Bild</translation>
    </message>
    <message>
        <source>a nuclear medicine image</source>
        <translation>ein nuklearmedizinisches Bild</translation>
    </message>
    <message>
        <source>an angiogram</source>
        <translation>ein Angiogramm</translation>
    </message>
    <message>
        <source>a secondary capture</source>
        <translation>eine Sekundäraufnahme</translation>
    </message>
    <message>
        <source>an image of no stated modality</source>
        <translation>ein Bild ohne angegebene Modalität</translation>
    </message>
    <message>
        <source>chest radiographs</source>
        <translation>Röntgenaufnahmen des Thorax</translation>
    </message>
    <message>
        <source>chest images</source>
        <translation>Bilder des Thorax</translation>
    </message>
    <message>
        <source>radiographs</source>
        <translation>Röntgenaufnahmen</translation>
    </message>
    <message>
        <source>images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>frontal views</source>
        <translation>frontale Projektionen</translation>
    </message>
    <message>
        <source>views</source>
        <translation>Projektionen</translation>
    </message>
    <message>
        <source>a lateral view</source>
        <translation>eine seitliche Projektion</translation>
    </message>
    <message>
        <source>a view</source>
        <translation>eine Projektion</translation>
    </message>
    <message>
        <source>not what the model knows</source>
        <translation>nicht, was das Modell kennt</translation>
    </message>
    <message>
        <source>No finding reaches the probability from which on it is suggested.</source>
        <translation>Kein Befund erreicht die Wahrscheinlichkeit, von der an er vorgeschlagen wird.</translation>
    </message>
    <message>
        <source>No model is in use.</source>
        <translation>Kein Modell ist im Einsatz.</translation>
    </message>
    <message>
        <source>The image is FOR PROCESSING: it was not made to be read from.</source>
        <translation>Das Bild ist FOR PROCESSING: Es ist nicht zum Befunden gemacht.</translation>
    </message>
    <message>
        <source>The file does not say how it lies in the patient: sides may be swapped.</source>
        <translation>Die Datei sagt nicht, wie sie im Patienten liegt: Seiten können vertauscht sein.</translation>
    </message>
    <message>
        <source>The file ends without closing its pixel data; all frames are there.</source>
        <translation>Die Datei endet, ohne ihre Pixeldaten abzuschließen; alle Bilder sind da.</translation>
    </message>
    <message>
        <source>A region of ultrasound calibration makes no sense; it is not measured in.</source>
        <translation>Ein Kalibrierungsbereich des Ultraschalls ergibt keinen Sinn; dort wird nicht gemessen.</translation>
    </message>
    <message>
        <source>The rescale slope is 0; 1 is used.</source>
        <translation>Die Rescale-Steigung ist 0; verwendet wird 1.</translation>
    </message>
    <message>
        <source>There is no held-out image on which both models give an answer.</source>
        <translation>Es gibt kein zurückgehaltenes Bild, auf dem beide Modelle eine Antwort geben.</translation>
    </message>
    <message>
        <source>better</source>
        <translation>besser</translation>
    </message>
    <message>
        <source>not worse</source>
        <translation>nicht schlechter</translation>
    </message>
    <message>
        <source>not proven</source>
        <translation>nicht erwiesen</translation>
    </message>
    <message>
        <source>worse</source>
        <translation>schlechter</translation>
    </message>
    <message>
        <source>Macro AUROC</source>
        <translation>Makro-AUROC</translation>
    </message>
    <message>
        <source>Log-loss</source>
        <translation>Log-Loss</translation>
    </message>
    <message>
        <source>{0} is meant for {1}; this image&apos;s body part is {2}.</source>
        <translation>{0} ist gedacht für {1}; die Körperregion dieses Bildes ist {2}.</translation>
    </message>
    <message>
        <source>{0} is meant for {1}; this is {2}.</source>
        <translation>{0} ist gedacht für {1}; dies ist {2}.</translation>
    </message>
    <message>
        <source>a radiograph ({0})</source>
        <translation>eine Röntgenaufnahme ({0})</translation>
    </message>
    <message>
        <source>a {0} image</source>
        <translation>ein {0}-Bild</translation>
    </message>
    <message>
        <source>an {0} image</source>
        <translation>ein {0}-Bild</translation>
    </message>
    <message>
        <source>a lateral view ({0})</source>
        <translation>eine seitliche Projektion ({0})</translation>
    </message>
    <message>
        <source>a view ({0})</source>
        <translation>eine Projektion ({0})</translation>
    </message>
    <message>
        <source>frontal views ({0})</source>
        <translation>frontale Projektionen ({0})</translation>
    </message>
    <message>
        <source>chest radiographs ({0})</source>
        <translation>Röntgenaufnahmen des Thorax ({0})</translation>
    </message>
    <message>
        <source>This is not what {0} knows: the image lies {1} times as far from those it was trained on as it may, so nothing is suggested.</source>
        <translation>Das ist nicht, was {0} kennt: Das Bild liegt {1}-mal so weit von denen entfernt, mit denen es trainiert wurde, wie es darf; darum gibt es keinen Vorschlag.</translation>
    </message>
    <message>
        <source>Only {0}% of the evidence for {1} lies in the lungs; the rest lies outside of them.</source>
        <translation>Nur {0}% der Hinweise auf {1} liegen in der Lunge, der Rest außerhalb.</translation>
    </message>
    <message>
        <source>With their lungs covered {0}% of the films still get the same answer, about as sure, and {1}% of the ability to tell findings apart is left: the model reads something else than the lungs.</source>
        <translation>Mit abgedeckter Lunge bekommen {0}% der Aufnahmen noch dieselbe Antwort, etwa ebenso sicher, und {1}% der Fähigkeit, Befunde zu unterscheiden, bleiben: Das Modell liest etwas anderes als die Lunge.</translation>
    </message>
    <message>
        <source>With their lungs covered {0}% of the films still get the same answer, about as sure: the model reads something else than the lungs.</source>
        <translation>Mit abgedeckter Lunge bekommen {0}% der Aufnahmen noch dieselbe Antwort, etwa ebenso sicher: Das Modell liest etwas anderes als die Lunge.</translation>
    </message>
    <message>
        <source>The memory of {0} did not suffice; the CPU was used.</source>
        <translation>Der Speicher von {0} reichte nicht; gerechnet wurde auf der CPU.</translation>
    </message>
    <message>
        <source>A magnification of {0} cannot be; lengths are those at the detector.</source>
        <translation>Eine Vergrößerung von {0} kann nicht sein; Längen gelten am Detektor.</translation>
    </message>
    <message>
        <source>A window of width {0} cannot be used.</source>
        <translation>Ein Fenster der Weite {0} ist nicht verwendbar.</translation>
    </message>
    <message>
        <source>The VOI LUT function {0} is unknown; LINEAR is used.</source>
        <translation>Die VOI-LUT-Funktion {0} ist unbekannt; verwendet wird LINEAR.</translation>
    </message>
    <message>
        <source>The {0} display shutter cannot be used; the image is shown without it.</source>
        <translation>Die Blende ({0}) ist nicht verwendbar; das Bild wird ohne sie gezeigt.</translation>
    </message>
    <message>
        <source>Both models give the same probabilities on the {0} held-out images of {1} patients.</source>
        <translation>Beide Modelle geben dieselben Wahrscheinlichkeiten für die {0} zurückgehaltenen Bilder von {1} Patienten.</translation>
    </message>
    <message>
        <source>The candidate is better on the {0} held-out images of {1} patients.</source>
        <translation>Der Kandidat ist besser auf den {0} zurückgehaltenen Bildern von {1} Patienten.</translation>
    </message>
    <message>
        <source>The candidate is not worse on the {0} held-out images of {1} patients.</source>
        <translation>Der Kandidat ist nicht schlechter auf den {0} zurückgehaltenen Bildern von {1} Patienten.</translation>
    </message>
    <message>
        <source>The candidate is worse on the {0} held-out images of {1} patients.</source>
        <translation>Der Kandidat ist schlechter auf den {0} zurückgehaltenen Bildern von {1} Patienten.</translation>
    </message>
    <message>
        <source>It is not proven whether the candidate is better or worse on the {0} held-out images of {1} patients.</source>
        <translation>Auf den {0} zurückgehaltenen Bildern von {1} Patienten ist nicht erwiesen, ob der Kandidat besser oder schlechter ist.</translation>
    </message>
    <message>
        <source>Both models give the same probabilities, but for rounding, on the {0} held-out images of {1} patients.</source>
        <translation>Beide Modelle geben bis auf Rundung dieselben Wahrscheinlichkeiten für die {0} zurückgehaltenen Bilder von {1} Patienten.</translation>
    </message>
    <message>
        <source>The candidate gives no answer on {0} images that the current model answers: {1}.</source>
        <translation>Der Kandidat gibt auf {0} Bildern, die das aktuelle Modell beantwortet, keine Antwort: {1}.</translation>
    </message>
    <message>
        <source>Left out, because the current model gives no answer on them: {0}.</source>
        <translation>Ausgelassen, weil das aktuelle Modell darauf keine Antwort gibt: {0}.</translation>
    </message>
    <message>
        <source>{0} is not known to the candidate, which never suggests it.</source>
        <translation>{0} kennt der Kandidat nicht, er schlägt es nie vor.</translation>
    </message>
    <message>
        <source>{0} is new: no film of the test part shows it, so nothing is known of how well it is found.</source>
        <translation>{0} ist neu: Keine Aufnahme des Testteils zeigt es, darum ist nichts darüber bekannt, wie gut es gefunden wird.</translation>
    </message>
    <message>
        <source>{0} is new: {1} of the {2} films that show it are found (AUROC {3}); the verdict is about the other findings.</source>
        <translation>{0} ist neu: {1} der {2} Aufnahmen, die es zeigen, werden gefunden (AUROC {3}); das Urteil gilt den anderen Befunden.</translation>
    </message>
    <message>
        <source>{0} of the {1} films of the test part were left out, because the candidate was fitted on them or on others of the same patients: {2}.</source>
        <translation>{0} der {1} Aufnahmen des Testteils wurden ausgelassen, weil der Kandidat mit ihnen oder anderen derselben Patienten trainiert wurde: {2}.</translation>
    </message>
    <message>
        <source>{0} of the {1} films of the test part were left out, because the current model was fitted on them or on others of the same patients: {2}.</source>
        <translation>{0} der {1} Aufnahmen des Testteils wurden ausgelassen, weil das aktuelle Modell mit ihnen oder anderen derselben Patienten trainiert wurde: {2}.</translation>
    </message>
    <message>
        <source>Which films {0} was fitted on was never written down: some of these may be among them.</source>
        <translation>Mit welchen Aufnahmen {0} trainiert wurde, ist nirgends festgehalten: Einige von diesen können darunter sein.</translation>
    </message>
    <message>
        <source>No film of the test part is left that neither model was fitted on, so nothing is proven.</source>
        <translation>Im Testteil bleibt keine Aufnahme, mit der keines der Modelle trainiert wurde; darum ist nichts erwiesen.</translation>
    </message>
    <message>
        <source>Both models give the same probabilities on the {0} held-out images of 1 patient.</source>
        <translation>Beide Modelle geben dieselben Wahrscheinlichkeiten für die {0} zurückgehaltenen Bilder von 1 Patienten.</translation>
    </message>
    <message>
        <source>Both models give the same probabilities on the 1 held-out image of 1 patient.</source>
        <translation>Beide Modelle geben dieselben Wahrscheinlichkeiten für das 1 zurückgehaltene Bild von 1 Patienten.</translation>
    </message>
    <message>
        <source>The candidate is worse on the {0} held-out images of 1 patient.</source>
        <translation>Der Kandidat ist schlechter auf den {0} zurückgehaltenen Bildern von 1 Patienten.</translation>
    </message>
    <message>
        <source>The candidate is worse on the 1 held-out image of 1 patient.</source>
        <translation>Der Kandidat ist schlechter auf dem 1 zurückgehaltenen Bild von 1 Patienten.</translation>
    </message>
    <message>
        <source>It is not proven whether the candidate is better or worse on the {0} held-out images of 1 patient.</source>
        <translation>Auf den {0} zurückgehaltenen Bildern von 1 Patienten ist nicht erwiesen, ob der Kandidat besser oder schlechter ist.</translation>
    </message>
    <message>
        <source>It is not proven whether the candidate is better or worse on the 1 held-out image of 1 patient.</source>
        <translation>Auf dem 1 zurückgehaltenen Bild von 1 Patienten ist nicht erwiesen, ob der Kandidat besser oder schlechter ist.</translation>
    </message>
    <message>
        <source>The candidate gives no answer on 1 image that the current model answers: {0}.</source>
        <translation>Der Kandidat gibt auf 1 Bild keine Antwort, auf dem das aktuelle Modell eine gibt: {0}.</translation>
    </message>
    <message>
        <source>Compared on the 1 image that both models were measured on (candidate {0}, current {1}).</source>
        <translation>Verglichen auf dem 1 Bild, an dem beide Modelle gemessen wurden (Kandidat {0}, aktuelles {1}).</translation>
    </message>
    <message>
        <source>{0} is new: {1} of the {2} films that show it is found (AUROC {3}); the verdict is about the other findings.</source>
        <translation>{0} ist neu: {1} der {2} Aufnahmen, die es zeigen, wird gefunden (AUROC {3}); das Urteil gilt den anderen Befunden.</translation>
    </message>
    <message>
        <source>{0} is new: the only film that shows it is found (AUROC {1}); the verdict is about the other findings.</source>
        <translation>{0} ist neu: Die einzige Aufnahme, die es zeigt, wird gefunden (AUROC {1}); das Urteil gilt den anderen Befunden.</translation>
    </message>
    <message>
        <source>{0} is new: the only film that shows it is not found (AUROC {1}); the verdict is about the other findings.</source>
        <translation>{0} ist neu: Die einzige Aufnahme, die es zeigt, wird nicht gefunden (AUROC {1}); das Urteil gilt den anderen Befunden.</translation>
    </message>
    <message>
        <source>{0} of the {1} films of the test part was left out, because the candidate was fitted on it or on others of the same patient: {2}.</source>
        <translation>{0} der {1} Aufnahmen des Testteils wurde ausgelassen, weil der Kandidat aus ihr oder aus anderen desselben Patienten gelernt hat: {2}.</translation>
    </message>
    <message>
        <source>{0} of the {1} films of the test part was left out, because the current model was fitted on it or on others of the same patient: {2}.</source>
        <translation>{0} der {1} Aufnahmen des Testteils wurde ausgelassen, weil das aktuelle Modell aus ihr oder aus anderen desselben Patienten gelernt hat: {2}.</translation>
    </message>
    <message>
        <source>The only film of the test part was left out, because the candidate was fitted on it or on others of the same patient: {0}.</source>
        <translation>Die einzige Aufnahme des Testteils wurde ausgelassen, weil der Kandidat aus ihr oder aus anderen desselben Patienten gelernt hat: {0}.</translation>
    </message>
    <message>
        <source>The only film of the test part was left out, because the current model was fitted on it or on others of the same patient: {0}.</source>
        <translation>Die einzige Aufnahme des Testteils wurde ausgelassen, weil das aktuelle Modell aus ihr oder aus anderen desselben Patienten gelernt hat: {0}.</translation>
    </message>
    <message>
        <source>No image of the training part shows “{0}”, so a model learns nothing of it.</source>
        <translation>Kein Bild des Trainingsteils zeigt „{0}“, also lernt ein Modell nichts davon.</translation>
    </message>
    <message>
        <source>1 image of the training part shows “{0}”; with fewer than {1} a model learns little of it.</source>
        <translation>1 Bild des Trainingsteils zeigt „{0}“; mit weniger als {1} lernt ein Modell wenig davon.</translation>
    </message>
    <message>
        <source>{0} images of the training part show “{1}”; with fewer than {2} a model learns little of it.</source>
        <translation>{0} Bilder des Trainingsteils zeigen „{1}“; mit weniger als {2} lernt ein Modell wenig davon.</translation>
    </message>
    <message>
        <source>1 film has no patient identifier, so it is split as a patient of its own.</source>
        <translation>1 Aufnahme hat keine Patientenkennung und zählt deshalb als eigener Patient.</translation>
    </message>
    <message>
        <source>{0} films have no patient identifier, so each is split as a patient of its own: two of one patient may be learned from and measured on.</source>
        <translation>{0} Aufnahmen haben keine Patientenkennung und zählen deshalb jede als eigener Patient: Aus einer kann gelernt und an einer anderen desselben Patienten gemessen werden.</translation>
    </message>
    <message>
        <source>{0} images of 1 patient belong together because films of them show the same under several names; they are split as one.</source>
        <translation>{0} Bilder von 1 Patienten gehören zusammen, weil Aufnahmen unter mehreren Namen dasselbe zeigen; sie werden als eines aufgeteilt.</translation>
    </message>
    <message>
        <source>{0} images of {1} patients belong together because films of them show the same under several names; they are split as one.</source>
        <translation>{0} Bilder von {1} Patienten gehören zusammen, weil Aufnahmen unter mehreren Namen dasselbe zeigen; sie werden als eines aufgeteilt.</translation>
    </message>
    <message>
        <source>1 decided image of the test part measures nothing: nobody answered before the suggestion was shown.</source>
        <translation>1 entschiedenes Bild des Testteils misst nichts: Niemand hat geantwortet, bevor der Vorschlag gezeigt wurde.</translation>
    </message>
    <message>
        <source>{0} decided images of the test part measure nothing: nobody answered before the suggestion was shown.</source>
        <translation>{0} entschiedene Bilder des Testteils messen nichts: Niemand hat geantwortet, bevor der Vorschlag gezeigt wurde.</translation>
    </message>
    <message>
        <source>1 image shows several findings and is left out: the model has one of many.</source>
        <translation>1 Bild zeigt mehrere Befunde und wird ausgelassen: Das Modell kennt nur einen von vielen.</translation>
    </message>
    <message>
        <source>{0} images show several findings and are left out: the model has one of many.</source>
        <translation>{0} Bilder zeigen mehrere Befunde und werden ausgelassen: Das Modell kennt nur einen von vielen.</translation>
    </message>
    <message>
        <source>{0} brought no films of its own training, so none are replayed.</source>
        <translation>{0} bringt keine Aufnahmen seines eigenen Trainings mit, deshalb werden keine wiederholt.</translation>
    </message>
    <message>
        <source>No patients were kept aside for testing, so nothing is proven.</source>
        <translation>Es wurden keine Patienten zum Testen zurückgehalten; darum ist nichts erwiesen.</translation>
    </message>
    <message>
        <source>There is no current model to compare the candidate with.</source>
        <translation>Es gibt kein aktuelles Modell, mit dem der Kandidat verglichen werden könnte.</translation>
    </message>
    <message>
        <source>The candidate is in use already.</source>
        <translation>Der Kandidat ist schon im Einsatz.</translation>
    </message>
    <message>
        <source>The candidate is in use already: it is compared with {0}, which it was made from.</source>
        <translation>Der Kandidat ist schon im Einsatz: Er wird mit {0} verglichen, woraus er entstanden ist.</translation>
    </message>
    <message>
        <source>{0} does not predict yet, so there is nothing to compare with.</source>
        <translation>{0} macht noch keine Vorhersagen, darum gibt es nichts zu vergleichen.</translation>
    </message>
    <message>
        <source>{0}: the models are equal (95% interval {1} to {2})</source>
        <translation>{0}: Die Modelle sind gleich (95%-Intervall {1} bis {2})</translation>
    </message>
    <message>
        <source>{0}: the candidate is better by {1} (95% interval of the gain {2} to {3})</source>
        <translation>{0}: Der Kandidat ist um {1} besser (95%-Intervall des Gewinns {2} bis {3})</translation>
    </message>
    <message>
        <source>{0}: the candidate is worse by {1} (95% interval of the gain {2} to {3})</source>
        <translation>{0}: Der Kandidat ist um {1} schlechter (95%-Intervall des Gewinns {2} bis {3})</translation>
    </message>
    <message>
        <source>{0} cannot be had on these images: they show one kind of answer only.</source>
        <translation>{0} lässt sich auf diesen Bildern nicht bestimmen: Sie zeigen nur eine Art von Antwort.</translation>
    </message>
    <message>
        <source>{0} has no interval on so few patients.</source>
        <translation>{0} hat bei so wenigen Patienten kein Intervall.</translation>
    </message>
    <message>
        <source>Too few cases: at least {0} more held-out patients, with findings that are present in some and absent in others, are needed.</source>
        <translation>Zu wenige Fälle: Nötig sind mindestens {0} weitere zurückgehaltene Patienten, mit Befunden, die bei einigen vorhanden sind und bei anderen nicht.</translation>
    </message>
    <message>
        <source>Too few cases: about {0} more held-out patients would probably settle it.</source>
        <translation>Zu wenige Fälle: Etwa {0} weitere zurückgehaltene Patienten würden es wahrscheinlich klären.</translation>
    </message>
    <message>
        <source>Too few cases: at least 1 more held-out patient, with findings that are present in some and absent in others, is needed.</source>
        <translation>Zu wenige Fälle: Mindestens 1 weiterer zurückgehaltener Patient ist nötig, mit Befunden, die bei einigen vorliegen und bei anderen nicht.</translation>
    </message>
    <message>
        <source>{0} is shown by no film here: nothing is known of whether it is found as well as before.</source>
        <translation>{0} zeigt hier keine Aufnahme: Ob es so gut gefunden wird wie vorher, ist nicht bekannt.</translation>
    </message>
    <message>
        <source>{0} loses {1} points of sensitivity ({2}% to {3}% of {4} films).</source>
        <translation>{0} verliert {1} Punkte Sensitivität ({2}% auf {3}% von {4} Aufnahmen).</translation>
    </message>
    <message>
        <source>{0} loses {1} points of sensitivity ({2}% to {3}% of 1 film).</source>
        <translation>{0} verliert {1} Punkte Sensitivität ({2}% auf {3}% von 1 Aufnahme).</translation>
    </message>
    <message>
        <source>Calibration is worse: expected calibration error {0} to {1} (95% interval of the change {2} to {3}).</source>
        <translation>Die Kalibrierung ist schlechter: erwarteter Kalibrierungsfehler {0} auf {1} (95%-Intervall der Änderung {2} bis {3}).</translation>
    </message>
    <message>
        <source>Calibration is worse: expected calibration error {0} to {1}.</source>
        <translation>Die Kalibrierung ist schlechter: erwarteter Kalibrierungsfehler {0} auf {1}.</translation>
    </message>
    <message>
        <source>Less of the evidence lies in the lungs: {0}% to {1}%.</source>
        <translation>Weniger Hinweise liegen in der Lunge: {0}% auf {1}%.</translation>
    </message>
    <message>
        <source>{0} has less of its evidence in the lungs: {1}% to {2}%.</source>
        <translation>Bei {0} liegen weniger der Hinweise in der Lunge: {1}% auf {2}%.</translation>
    </message>
    <message>
        <source>Compared on the {0} images that both models were measured on (candidate {1}, current {2}).</source>
        <translation>Verglichen auf den {0} Bildern, an denen beide Modelle gemessen wurden (Kandidat {1}, aktuell {2}).</translation>
    </message>
</context>
<context>
    <name>Worklist</name>
    <message>
        <source>Studies</source>
        <translation>Untersuchungen</translation>
    </message>
    <message>
        <source>1 film</source>
        <translation>1 Aufnahme</translation>
    </message>
    <message>
        <source>{0} films</source>
        <translation>{0} Aufnahmen</translation>
    </message>
    <message>
        <source>Back to all studies ({0} left)</source>
        <translation>Zurück zu allen Untersuchungen (noch {0})</translation>
    </message>
    <message>
        <source>Back to all studies (all read again)</source>
        <translation>Zurück zu allen Untersuchungen (alle zweitbefundet)</translation>
    </message>
    <message>
        <source>Second read: {0}</source>
        <translation>Zweitbefundung: {0}</translation>
    </message>
    <message>
        <source>The decision and what the model says that has not seen it disagree. You answer without seeing either; nothing is changed unless you answer otherwise.</source>
        <translation>Die Entscheidung und das, was ein Modell sagt, das sie nicht kannte, stimmen nicht überein. Sie antworten, ohne beides zu sehen; nichts ändert sich, wenn Sie nicht anders antworten.</translation>
    </message>
    <message>
        <source>One of them is your own decision: better read by a colleague.</source>
        <translation>Eine davon ist Ihre eigene Entscheidung: besser von Kollegen zu befunden.</translation>
    </message>
    <message>
        <source>{0} of them are your own decisions: better read by a colleague.</source>
        <translation>{0} davon sind Ihre eigenen Entscheidungen: besser von Kollegen zu befunden.</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Search studies</source>
        <translation>Untersuchungen suchen</translation>
    </message>
    <message>
        <source>Name, patient ID, accession number, date, modality, description, suggestion, decision</source>
        <translation>Name, Patienten-ID, Auftragsnummer, Datum, Modalität, Beschreibung, Vorschlag, Entscheidung</translation>
    </message>
    <message>
        <source>Order of the studies</source>
        <translation>Reihenfolge der Untersuchungen</translation>
    </message>
    <message>
        <source>Newest first</source>
        <translation>Neueste zuerst</translation>
    </message>
    <message>
        <source>Ask first</source>
        <translation>Zuerst fragen</translation>
    </message>
    <message>
        <source>Most uncertain first</source>
        <translation>Unsicherste zuerst</translation>
    </message>
    <message>
        <source>Patient name</source>
        <translation>Patientenname</translation>
    </message>
    <message>
        <source>To read first</source>
        <translation>Offene zuerst</translation>
    </message>
    <message>
        <source>What a reader&apos;s answer helps most with: your urgent marks, then films of which the model is unsure, films unlike those read so far, and a random share; each row&apos;s tooltip says which</source>
        <translation>Wo die Antwort eines Befunders am meisten hilft: Ihre dringenden Markierungen, dann Aufnahmen, bei denen das Modell unsicher ist, Aufnahmen, die bisherigen nicht ähneln, und ein zufälliger Anteil; der Hinweis jeder Zeile sagt, welches</translation>
    </message>
    <message>
        <source>Worklist</source>
        <translation>Arbeitsliste</translation>
    </message>
    <message>
        <source>No films yet. Open a file or a folder, or drop it onto the window.</source>
        <translation>Noch keine Aufnahmen. Eine Datei oder einen Ordner öffnen oder ins Programm ziehen.</translation>
    </message>
    <message>
        <source>Open films</source>
        <translation>Aufnahmen öffnen</translation>
    </message>
    <message>
        <source>Clear the search</source>
        <translation>Suche leeren</translation>
    </message>
    <message>
        <source>1 study</source>
        <translation>1 Untersuchung</translation>
    </message>
    <message>
        <source>{0} studies</source>
        <translation>{0} Untersuchungen</translation>
    </message>
    <message>
        <source>{0}, {1} to read</source>
        <translation>{0}, {1} offen</translation>
    </message>
    <message>
        <source>No study matches “{0}”.</source>
        <translation>Keine Untersuchung passt zu „{0}“.</translation>
    </message>
    <message>
        <source>to read</source>
        <translation>offen</translation>
    </message>
    <message>
        <source>read</source>
        <translation>befundet</translation>
    </message>
    <message>
        <source>part read</source>
        <translation>teils befundet</translation>
    </message>
    <message>
        <source>no suggestion</source>
        <translation>kein Vorschlag</translation>
    </message>
    <message>
        <source>reading failed</source>
        <translation>fehlgeschlagen</translation>
    </message>
    <message>
        <source>Patient hidden</source>
        <translation>Patient verborgen</translation>
    </message>
    <message>
        <source>Marked urgent by {0}</source>
        <translation>Als dringend markiert von {0}</translation>
    </message>
    <message>
        <source>Asked because it is unlike any film read so far</source>
        <translation>Gefragt, weil sie keiner bisher befundeten Aufnahme ähnelt</translation>
    </message>
    <message>
        <source>Asked by lot: a random share keeps the measurement honest</source>
        <translation>Durch Los gefragt: Ein zufälliger Anteil hält die Messung ehrlich</translation>
    </message>
    <message>
        <source>Asked because the model is unsure: {0} {1}</source>
        <translation>Gefragt, weil das Modell unsicher ist: {0} {1}</translation>
    </message>
    <message>
        <source>Asked because the model is unsure: {0} {1}, {2} {3}</source>
        <translation>Gefragt, weil das Modell unsicher ist: {0} {1}, {2} {3}</translation>
    </message>
</context>
<context>
    <name>WorklistModel</name>
    <message>
        <source>Patient ID</source>
        <translation>Patienten-ID</translation>
    </message>
    <message>
        <source>Born</source>
        <translation>Geboren</translation>
    </message>
    <message>
        <source>Sex</source>
        <translation>Geschlecht</translation>
    </message>
    <message>
        <source>Accession</source>
        <translation>Auftragsnummer</translation>
    </message>
    <message>
        <source>Study</source>
        <translation>Untersuchung</translation>
    </message>
    <message>
        <source>Description</source>
        <translation>Beschreibung</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>Name not in the file</source>
        <translation>Name nicht in der Datei</translation>
    </message>
    <message>
        <source>Suggested: {0} {1:.0%}</source>
        <translation>Vorschlag: {0} {1:.0%}</translation>
    </message>
    <message>
        <source>Site-adapted: {0} {1:.0%}</source>
        <translation>An den Standort angepasst: {0} {1:.0%}</translation>
    </message>
    <message>
        <source>suggested {0}, {1:.0%}</source>
        <translation>vorgeschlagen {0}, {1:.0%}</translation>
    </message>
</context>
<context>
    <name>Workstation</name>
    <message>
        <source>The model&apos;s process is up again.</source>
        <translation>Der Prozess des Modells läuft wieder.</translation>
    </message>
</context>
<context>
    <name>_Hidden</name>
    <message>
        <source>Answer first</source>
        <translation>Zuerst antworten</translation>
    </message>
</context>
<context>
    <name>_Row</name>
    <message>
        <source>Films read already that are like this one</source>
        <translation>Schon befundete Aufnahmen, die dieser ähneln</translation>
    </message>
</context>
</TS>
