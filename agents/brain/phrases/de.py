"""What people say in German."""

from __future__ import annotations

from agents.brain.phrases.base import Phrases

DE = Phrases(
    opening=(
        r"(?:(?:hi|hey|hallo|ok|okay|und|also|dann|gut|so|ach|ja|bitte|mal)[,.! ]+){0,4}(?:"
        r"(?:kannst|konntest|wurdest|konnen|konnten) (?:du|sie) (?:mir |mich )?(?:bitte |mal "
        r")*|bitte )?"
    ),
    closing=r"(?:,? (?:bitte|danke|mal|jetzt)){0,3}",
    patterns={
        "greet": (
            (
                r"(?:hi|hallo|hey|guten (?:morgen|tag|abend)|moin|servus|gruß gott|gruss gott"
                r"|gruezi|na)(?: nochmal| zusammen)?"
            ),
        ),
        "mood": (r"wie geht(?:'s| es)(?: dir| ihnen| euch)?(?: heute)?",),
        "thanks": (
            (
                r"(?:ok(?:ay)?,? |super,? )?(?:danke|vielen dank|herzlichen dank|merci"
                r"|dankeschon)(?: (?:schon|sehr|dir|ihnen|nochmals))*"
            ),
            r"super|perfekt|prima|toll|alles klar",
        ),
        "bye": (
            (
                r"(?:(?:nein|ok(?:ay)?|gut|super|danke|vielen dank)[,.! ]+){0,3}(?:tschuss|tschau"
                r"|ciao|auf wieder(?:sehen|horen)|bis (?:bald|spater|dann|morgen)|gute nacht"
                r"|schonen (?:tag|abend)(?: noch)?)"
            ),
            (
                r"(?:(?:nein|ok(?:ay)?|gut|danke)[,.! ]+){0,3}(?:das (?:ist|war|war's|wars|ware) "
                r"?(?:alles|es)?(?: fur heute)?|das war's|das wars|mehr nicht|sonst nichts)"
                r"(?:[,. ]+(?:danke|tschuss)){0,2}"
            ),
            (
                r"(?:bitte )?(?:leg|lege) (?:jetzt )?auf|auflegen|beende (?:den|das) (?:anruf"
                r"|gesprach)"
            ),
        ),
        "person": (
            (
                r"(?:ich (?:mochte|will|wurde gerne?) )?(?:bitte )?(?:mit )?(?:einem|einer|jemandem"
                r"|jemand) ?(?:echten |richtigen )?(?:menschen?|person|mitarbeiter(?:in)?)? ?"
                r"(?:sprechen|reden)"
            ),
            (
                r"(?:kann|konnte|darf) ich (?:bitte )?mit (?:einem|einer|jemandem"
                r"|jemand) ?(?:echten "
                r"|richtigen )?(?:menschen?|person|mitarbeiter(?:in)?)? ?(?:sprechen|reden)"
            ),
            (
                r"(?:verbinde?n?|stelle?n?)(?: sie)? mich(?: bitte)?(?: (?:mit|zu) (?:einem|einer"
                r"|jemandem) ?(?:echten )?(?:menschen|person|mitarbeiter(?:in)?)?)?(?: durch)?"
            ),
            r"(?:ein )?mensch|vermittlung|mitarbeiter",
        ),
        "go_on": (
            r"(?:ja[, ]+)?(?:mach(?:e)?|sprich|lies|erzahle?) (?:bitte )?weiter|weiter|und weiter",
            r"fahre? fort|was noch|mehr|der rest|und dann|und der rest",
        ),
        "repeat": (
            (
                r"(?:sage?|wiederhole?)(?: (?:das|es))?(?: bitte)?(?: noch ?(?:ein)?mal)"
                r"|wiederhole?"
                r"(?: (?:das|es))?(?: bitte)?|noch ?mal(?: bitte)?|noch einmal(?: bitte)?"
            ),
            r"was hast du (?:eben |gerade )?gesagt|wie bitte|was war das",
            (
                r"(?:ich habe )?(?:das |dich )?nicht (?:verstanden|gehort)"
                r"|ich habe das nicht verstanden"
            ),
        ),
        "help": (
            r"hilfe|was kannst du(?: alles)?(?: (?:machen|tun|fur mich tun))?",
            r"was konnen sie(?: alles)?(?: tun)?|wie funktioniert (?:das|es)",
            r"wer (?:bist du|sind sie)|was bist du|befehle",
        ),
        "clock": (
            r"wie (?:spat|viel uhr) ist es(?: jetzt| gerade)?|wieviel uhr ist es",
            r"welcher tag ist heute|welches datum (?:haben wir|ist)(?: heute)?",
            r"der wievielte ist heute|uhrzeit|datum",
        ),
        "confirm_clear": (r"ja,? (?:die )?liste leeren",),
        "clear": (
            (
                r"(?:losche?|leere?|streiche?|entferne?) (?:meine |die |alle |alle meine )?"
                r"(?:ganze |gesamte )?(?:liste|aufgaben|todos|alles)"
            ),
            r"(?:losche?|streiche?) alles",
            r"(?:meine |die )?(?:ganze )?liste (?:loschen|leeren)",
            r"alles (?:loschen|streichen)|alle aufgaben (?:loschen|streichen)",
        ),
        "send_list": (
            (
                r"(?:schicke?|sende?|exportiere?|maile?) (?:mir )?(?:meine|die) (?:liste"
                r"|aufgaben|aufgabenliste|todo-?liste|todos)(?: als (?:datei|dokument"
                r"|text))?(?: zu)?"
            ),
            r"gib mir (?:meine|die) liste als datei|(?:meine |die )?liste als datei",
            r"(?:meine |die )liste (?:schicken|senden)",
        ),
        "cancel_reminder": (
            (
                r"(?:losche?|streiche?|stoppe?|entferne?) (?:die|meine|diese|alle) "
                r"erinnerung(?:en)?(?: (?:an|fur|zu) (?P<which>.+))?"
            ),
            (
                r"(?:die |diese )?erinnerung(?: (?:an|fur|zu) (?P<which>.+?))? (?:loschen"
                r"|abbrechen|streichen|absagen)"
            ),
            r"brich die erinnerung ab",
            (
                r"(?:losche?|streiche?|stoppe?|entferne?) (?:die )?erinnerung (?:nr\.? |nummer )?"
                r"(?P<which>#?\d+)"
            ),
        ),
        "reminders": (
            (
                r"(?:was sind |zeige?(?: mir)? |welche |liste )?(?:alle )?(?:meine "
                r")?erinnerungen(?: habe ich)?(?: an)?"
            ),
        ),
        "again": (
            (
                r"(?:schlummern|snooze|erinnere? mich (?:daran )?(?:bitte )?(?:noch ?mal|nochmals"
                r"|wieder|spater)(?: daran)?)(?: (?P<text>(?:in|um|am|morgen|heute|\d) ?.*))?"
            ),
        ),
        "remind": (
            r"erinnere? mich(?: daran)?|(?:neue )?erinnerung",
            r"mich (?:bitte |mal )*(?P<early>.+?) (?:daran )?erinnern,? (?P<text>.+)",
            (
                r"(?P<early>(?:in|um|am|heute|morgen|ubermorgen|nachste\w*|jede\w*)(?: "
                r".+?)?),? erinnere? mich(?: bitte)?,? (?P<text>.+)"
            ),
            r"erinnere? mich(?: bitte| mal)*,? (?P<text>.+)",
            r"(?:mich )?(?P<text>.+?) erinnern",
            (
                r"(?:setze?|stelle?|erstelle?) (?:mir )?(?:eine?n? )?(?:erinnerung|wecker"
                r"|timer)[:,]? (?P<text>.+?)(?: ein)?"
            ),
            r"erinnerung[:,]? (?P<text>.+)",
            r"wecke? mich (?P<text>.+)",
        ),
        "note_that": (
            (
                r"(?:schreibe?|notiere?|speichere?|halte?) (?:dir |mir )?(?:das|es|dies)(?: "
                r"bitte)?(?: auf| fest| ab| mit)?(?: (?:als|in eine[rm]?) (?:notiz|datei"
                r"|dokument))?(?: auf| fest| ab)?(?:,? und (?:schicke?|sende?|gib) (?:es|sie"
                r"|das|mir)(?: (?:mir|es|sie|das))?(?: zu)?)?"
            ),
            r"mach(?:e)? (?:daraus|davon) eine notiz",
            r"(?:schicke?|sende?) mir das als (?:notiz|datei)",
        ),
        "note": (
            r"(?:neue |eine )?notiz ?:?",
            r"notiz[:,\-] ?(?P<text>.+)",
            (
                r"(?:mache?|schreibe?|erstelle?|neue) (?:dir |mir )?(?:eine )?notiz(?: dass| "
                r"uber| zu)?[:,]? (?P<text>.+)"
            ),
            r"notiere?(?: dir| mir)?[:,]?(?: dass)? (?P<text>.+)",
            r"schreibe?(?: dir| mir)? auf[:,]?(?: dass)? (?P<text>.+)",
            r"merke? dir[:,]?(?: dass)? (?P<text>.+)",
        ),
        "notes": (
            (
                r"(?:was sind |zeige?(?: mir)? |liste )?(?:alle )?meine (?:notizen|dateien"
                r"|dokumente)"
            ),
            r"notizen|welche notizen habe ich",
        ),
        "send_note": (
            (
                r"(?:schicke?|sende?|zeige?|gib) (?:mir )?(?:die |meine |das )?(?:letzte "
                r"|neueste )?(?:notiz|datei|dokument)(?: noch ?mal)?(?:(?: namens| uber| zu)? "
                r"(?P<which>.+))?"
            ),
            (
                r"(?:schicke?|sende?|zeige?|gib) (?:mir )?(?:die |meine )(?P<which>.+?)[- ]"
                r"(?:notiz|datei)(?: noch ?mal)?"
            ),
        ),
        "done_list": (
            r"was habe ich (?:schon |bereits |heute )*(?:erledigt|geschafft|gemacht)",
            r"(?:zeige?(?: mir)? )?(?:meine )?erledigte[n]? aufgaben",
        ),
        "list": (
            r"was (?:steht|ist)(?: noch| alles)? auf (?:meiner|der) (?:aufgaben)?liste",
            (
                r"(?:zeige?|lies|gib|nenne?)(?: mir)? (?:meine |die )?(?:offenen )?(?:liste"
                r"|aufgaben|aufgabenliste|todo-?liste|todos)(?: vor| an)?"
            ),
            r"(?:meine )?(?:liste|aufgaben|todos|aufgabenliste)",
            r"was (?:habe ich|gibt es|muss ich)(?: heute| noch)* zu? ?(?:tun|erledigen|machen)",
            r"was muss ich(?: heute| noch)*(?: tun| erledigen| machen)?",
            r"was steht(?: heute| noch)* an|was ist(?: noch)? offen",
            (
                r"welche (?:aufgaben|todos) (?:habe ich|gibt es)(?: noch| heute)?|habe ich "
                r"(?:noch )?(?:etwas|aufgaben)(?: zu tun)?"
            ),
        ),
        "add": (
            r"(?:neue )?(?:aufgabe|todo) ?:?",
            (
                r"(?:neue |erstelle?(?: mir)? (?:eine )?(?:neue )?|fuge? (?:mir )?(?:eine "
                r")?(?:neue )?|mache? (?:mir )?(?:eine )?(?:neue )?|lege? (?:mir )?(?:eine "
                r")?(?:neue )?)(?:aufgabe|todo|to-do)n?(?: an| hinzu| "
                r"ein)?[:,]?\s+(?P<text>.+?)(?: hinzu| an)?"
            ),
            r"(?:aufgaben?|todos?|to-dos?)\s?[:,]\s*(?P<text>.+)",
            (
                r"(?:setze?|schreibe?|fuge?|packe?|nimm) (?P<text>.+?) (?:(?:auf|zu|in) (?:meine"
                r"|die|meiner|der)|zur) (?:aufgaben|todo-|einkaufs)?liste(?: hinzu)?"
            ),
            (
                r"(?P<text>.+?) (?:auf (?:meine|die) liste(?: setzen| schreiben)?|(?:zu "
                r"meiner|zur) liste(?: hinzufugen)?)"
            ),
            r"(?:ich (?:darf|sollte) nicht vergessen|nicht vergessen)[:,]? (?P<text>.+)",
            r"vergiss (?:bitte )?nicht,? (?P<text>.+)",
            r"ich (?:muss|soll|sollte) (?:noch )?(?P<text>.+)",
            r"fuge? (?P<text>.+?) hinzu",
        ),
        "move": (
            r"(?:verschiebe?|verlege?) (?P<which>.+?) (?:auf|nach|zu) (?P<text>.+)",
            r"(?:verschiebe?|verlege?) (?P<which>.+?) um (?P<by>.+)",
            r"(?P<which>.+?) (?:auf|nach) (?P<text>.+) (?:verschieben|verlegen)",
            r"(?P<which>.+?) um (?P<by>.+) verschieben",
        ),
        "rename": (
            (
                r"(?:benenne?|andere?|nenne?) (?P<which>.+?) (?:um )?(?:in|zu|nach) "
                r"(?P<text>.+?)(?: um| ab)?"
            ),
            r"(?P<which>.+?) umbenennen in (?P<text>.+)",
        ),
        "finish": (
            (
                r"(?:ich (?:bin|habe) )?(?:mit )?(?P<which>.+?) (?:ist |sind |bin ich |habe "
                r"ich )?(?:erledigt|fertig|geschafft|abgehakt|gemacht|abgeschlossen)"
            ),
            (
                r"(?:erledigt|fertig|geschafft|fertig mit|hake?|schließe?|schliesse?)[:,]?(?: "
                r"mit)? (?P<which>.+?)(?: ab)?"
            ),
            r"(?P<which>.+?) abhaken",
            r"(?:ich bin )?(?:erledigt|fertig|geschafft)",
        ),
        "cancel": (
            (
                r"(?:losche?|streiche?|entferne?|storniere?|vergiss) (?P<which>.+?)(?: (?:von"
                r"|aus) (?:meiner|der) liste)?"
            ),
            r"(?P<which>.+?) (?:loschen|streichen|entfernen|stornieren)",
        ),
        "yes": (
            r"ja|jawohl|ok(?:ay)?|gut|jep|genau|klar|sicher|gerne?|ja bitte|mach(?: das)?",
            r"stimmt|j",
        ),
        "no": (
            r"nein|ne|nee|lieber nicht|lass(?: es)?|abbrechen|stopp?|nicht|doch nicht",
            r"nein danke",
        ),
    },
    introduction=(
        r"(?:daran,? dass|daran,?|dass ich|dass|an(?: den| die| das)?(?= )|ans|zu|:|,)(?!\w) *"
    ),
    by="in",
)
