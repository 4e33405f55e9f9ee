"""What people say in French."""

from __future__ import annotations

from agents.brain.phrases.base import Phrases

FR = Phrases(
    opening=(
        r"(?:(?:salut|bonjour|bonsoir|ok|okay|et|alors|donc|puis|bon|s'il te plait|s'il vous "
        r"plait|stp|svp)[,.! ]+){0,4}(?:(?:peux-tu|tu peux|pourrais-tu|tu pourrais|pouvez-vous"
        r"|pourriez-vous|vous pouvez|est-ce que tu peux|merci de|je voudrais que tu|veuillez) "
        r")?"
    ),
    closing=r"(?:,? (?:s'il te plait|s'il vous plait|stp|svp|merci|maintenant)){0,3}",
    patterns={
        "greet": (r"(?:salut|bonjour|bonsoir|coucou|hello|hey)(?: a toi| a vous)?",),
        "mood": (r"(?:comment )?ca va(?: bien)?|comment (?:vas-tu|allez-vous|tu vas)",),
        "thanks": (
            r"(?:ok,? |super,? )?merci(?: (?:beaucoup|bien|a toi|a vous|infiniment))*",
            r"super|parfait|genial|tres bien|c'est bon|nickel",
        ),
        "bye": (
            (
                r"(?:(?:non|ok|d'accord|merci(?: beaucoup)?)[,.! ]+){0,3}(?:au revoir"
                r"|a (?:bientot|plus(?: tard)?|demain)|bonne (?:nuit|journee|soiree)|ciao)"
            ),
            (
                r"(?:(?:non|ok|merci)[,.! ]+){0,3}(?:c'est tout|ce sera tout|rien d'autre)"
                r"(?: pour (?:aujourd'hui|le moment))?(?:[,. ]+(?:merci|au revoir)){0,2}"
            ),
            r"raccroche[rz]?|termine[rz]? l'appel",
        ),
        "person": (
            (
                r"(?:je (?:voudrais|veux|souhaite|peux|peut)|puis-je|est-ce que je peux"
                r"|j'aimerais)?(?: )?parler (?:a|avec) (?:une (?:vraie )?personne|quelqu'un"
                r"|un (?:humain|etre humain|operateur|conseiller|agent))"
            ),
            (
                r"(?:passe[rz]?|transfere[rz]?|mets|mettez)[- ]moi(?: (?:a|avec|vers|en relation "
                r"avec))?(?: (?:une (?:vraie )?personne|quelqu'un|un (?:humain|operateur"
                r"|conseiller)))?"
            ),
            r"(?:une )?(?:vraie )?personne|un humain|operateur|conseiller",
        ),
        "go_on": (
            r"(?:oui[, ]+)?(?:continue[rz]?|poursuis|poursuivez|la suite|vas-y continue)",
            r"et (?:ensuite|apres|puis)|encore|quoi d'autre|le reste",
        ),
        "repeat": (
            r"repete[rz]?(?:[- ](?:ca|cela|le))?|redis(?:[- ](?:ca|le|moi ca))?",
            r"(?:tu peux |vous pouvez )?repeter|qu'est[- ]ce que (?:tu as|vous avez) dit",
            r"qu'as-tu dit|pardon|comment|encore une fois|je n'ai pas (?:entendu|compris)",
        ),
        "help": (
            r"aide(?:[- ]moi)?|que (?:peux-tu|pouvez-vous|sais-tu) faire(?: pour moi)?",
            r"qu'est[- ]ce que (?:tu peux|tu sais|vous pouvez) faire",
            r"tu (?:peux|sais) faire quoi|comment (?:ca|cela) (?:marche|fonctionne)",
            r"qui (?:es-tu|etes-vous)|commandes",
        ),
        "clock": (
            r"(?:il est )?quelle heure(?: est-il| il est)?",
            r"quel jour (?:sommes-nous|on est|est-on|est-ce)(?: aujourd'hui)?",
            r"on est quel jour|quelle est la date(?: d'aujourd'hui)?|l'heure|heure|date",
        ),
        "confirm_clear": (r"oui,? vide ma liste",),
        "clear": (
            (
                r"(?:vide[rz]?|efface[rz]?|supprime[rz]?|annule[rz]?) (?:toute )?(?:ma |la "
                r"|mes |toutes (?:mes|les) )?(?:liste|taches|todo)"
            ),
            r"(?:efface|supprime|annule)[rz]? tout",
        ),
        "send_list": (
            (
                r"(?:envoie|envoye[rz]|exporte[rz]?|transmets)(?:[- ]moi)? (?:ma|la|mes|les) "
                r"(?:liste|taches|liste de taches)(?: (?:en|comme|dans un|par) (?:fichier"
                r"|document|texte))?"
            ),
            r"donne[- ]moi (?:ma|la) liste (?:en|comme|dans un) (?:fichier|document)",
            r"ma liste (?:en|dans un) fichier",
        ),
        "cancel_reminder": (
            (
                r"(?:annule[rz]?|supprime[rz]?|efface[rz]?|arrete[rz]?) (?:le|mon|ce|mes|les"
                r"|tous mes) rappels?(?: (?:de|d'|du|pour|sur|concernant)\s?(?P<which>.+))?"
            ),
            r"(?:annule|supprime|efface|arrete)[rz]? (?:le )?rappel (?:numero )?(?P<which>#?\d+)",
        ),
        "reminders": (
            r"(?:quels sont |montre[- ]moi |liste |affiche )?(?:tous )?(?:mes |les )rappels",
            r"rappels|quels rappels (?:ai-je|j'ai)",
        ),
        "again": (
            (
                r"(?:snooze|rappell?e[rz]?[- ](?:le[- ])?moi (?:encore|de nouveau|a nouveau|plus "
                r"tard))(?: (?P<text>(?:dans|a|demain|ce|lundi|\d) ?.*))?"
            ),
        ),
        "remind": (
            r"rappell?e[rz]?[- ]moi|(?:nouveau )?rappel",
            (
                r"(?P<early>(?:dans|a|ce|le|lundi|mardi|mercredi|jeudi|vendredi|samedi"
                r"|dimanche) .+?|demain(?: .+?)?|apres[- ]demain(?: .+?)?),? rappell?e[rz]?[- "
                r"]moi,? (?P<text>.+)"
            ),
            r"rappell?e[rz]?[- ]moi,? (?P<text>.+)",
            r"me rappeler (?P<text>.+)",
            (
                r"(?:mets|cree[rz]?|ajoute[rz]?|programme[rz]?|mettre)(?:[- ]moi)? un "
                r"(?:rappel|minuteur|reveil|alarme)[:,]? (?P<text>.+)"
            ),
            r"rappel[:,]? (?P<text>.+)",
            r"fais[- ]moi penser (?P<text>.+)",
            r"reveille[- ]moi (?P<text>.+)",
        ),
        "note_that": (
            (
                r"(?:ecris|note[rz]?|enregistre[rz]?|sauvegarde[rz]?|garde[rz]?|mets)[- ]"
                r"(?:ca|cela|le|la|ceci)(?: (?:dans|comme|en|sous forme de) (?:une |de )?"
                r"(?:note|fichier|document))?(?:,? et (?:envoie|donne)[- ]?(?:le|la|moi"
                r"|ca)?[- ]?(?:le|la|moi|ca)?)?"
            ),
            r"fais(?:[- ]en|[- ]moi)? une note(?: de (?:ca|cela))?",
            r"envoie[- ]moi (?:ca|cela) (?:en|comme|dans) (?:une )?(?:note|fichier)",
        ),
        "note": (
            r"(?:nouvelle |une )?note ?:?",
            r"note ?[:,\-] ?(?P<text>.+)",
            (
                r"(?:prends|fais|ecris|cree[rz]?|ajoute[rz]?|prendre|nouvelle)(?: une)? "
                r"(?:nouvelle )?note(?: que| sur| disant)?[:,]? ?(?P<text>.+)"
            ),
            r"note[rz]?(?: que| bien que)? (?P<text>.+)",
            r"souviens-toi (?:que|de|qu')\s?(?P<text>.+)",
            r"retiens (?:que|qu')?\s?(?P<text>.+)",
        ),
        "notes": (
            (
                r"(?:quelles sont |montre[- ]moi |liste |affiche )?(?:toutes )?mes (?:notes"
                r"|fichiers|documents)"
            ),
            r"notes",
        ),
        "send_note": (
            (
                r"(?:envoie|donne|montre|renvoie|ouvre)(?:[- ]moi)? (?:la |ma |le |mon )?"
                r"(?:derniere? )?(?:note|fichier|document)(?:(?: nommee?| intitulee?| sur)? "
                r"(?P<which>.+))?"
            ),
        ),
        "done_list": (
            r"qu'est[- ]ce que j'ai (?:fait|fini|termine)(?: aujourd'hui)?",
            r"qu'ai-je (?:fait|fini|termine)",
            r"(?:montre[- ]moi )?(?:mes |les )?taches (?:terminees|finies|faites)",
        ),
        "list": (
            r"(?:qu'est[- ]ce qu'il y a|qu'y a-t-il|il y a quoi|quoi) (?:sur|dans) ma liste",
            (
                r"(?:montre|affiche|lis|donne|voir|liste)(?:[- ]moi)? ?(?:ma|la|mes|les)? "
                r"(?:liste|taches|liste de taches|todo)"
            ),
            r"(?:ma |mes |la )?(?:liste|taches|liste de taches|todo)",
            r"qu'est[- ]ce que j'ai a faire(?: aujourd'hui)?|qu'ai-je a faire",
            r"que dois-je faire(?: aujourd'hui)?",
            r"qu'est[- ]ce qu'il (?:me )?reste(?: a faire)?",
            (
                r"(?:quelles sont|c'est quoi) (?:mes|les) taches|(?:ai-je|j'ai|est-ce que "
                r"j'ai) (?:des taches|quelque chose a faire)"
            ),
        ),
        "add": (
            r"(?:nouvelle |ajoute[rz]? une )?tache ?:?",
            (
                r"(?:ajoute[rz]?|cree[rz]?|mets|nouvelle|note)(?:[- ]moi)?(?: une| la)?(?: "
                r"nouvelle)? taches?\s?[:,]?\s+(?:de |d')?(?P<text>.+)"
            ),
            r"taches?\s?[:,]\s*(?P<text>.+)",
            (
                r"(?:ajoute[rz]?|mets|inscris|note[rz]?) (?P<text>.+?) (?:a|sur|dans) (?:ma"
                r"|la) liste(?: des? (?:courses|taches))?"
            ),
            r"(?:je ne dois pas|n'|ne pas )oublie[rz]?(?: pas)? (?:de |d')?(?P<text>.+)",
            r"je dois (?P<text>.+)",
            r"ajoute[rz]? (?P<text>.+)",
        ),
        "move": (
            (
                r"(?:deplace[rz]?|reporte[rz]?|decale[rz]?|repousse[rz]?) (?P<which>.+?) "
                r"(?:de|d')\s?(?P<by>(?:\d+|un|une|deux|trois|quelques) .+)"
            ),
            (
                r"(?:deplace[rz]?|reporte[rz]?|decale[rz]?|repousse[rz]?) (?P<which>.+?) (?:a"
                r"|au|pour|jusqu'a) (?P<text>.+)"
            ),
            (
                r"(?:deplace[rz]?|reporte[rz]?|decale[rz]?|repousse[rz]?) (?P<which>\S+) "
                r"(?P<text>.+)"
            ),
        ),
        "rename": (
            (
                r"(?:renomme[rz]?|change[rz]?|modifie[rz]?) (?P<which>.+?) (?:en|par|pour) "
                r"(?P<text>.+)"
            ),
        ),
        "finish": (
            r"c'est (?:fait|fini|termine)(?: pour)? (?P<which>.+)",
            r"(?:j'ai )?(?:fini|termine)|c'est (?:fait|fini|termine)",
            (
                r"(?:j'ai )?(?:fini|termine|fait|coche[rz]?|acheve|valide[rz]?)(?: (?:avec|de"
                r"|la|le))? (?P<which>.+)"
            ),
            r"(?:la |le )?(?P<which>.+?) (?:est |c'est )?(?:faite?|finie?|terminee?|bouclee?)",
            r"marque[rz]? (?P<which>.+?) comme (?:faite?|finie?|terminee?)",
        ),
        "cancel": (
            (
                r"(?:annule[rz]?|supprime[rz]?|efface[rz]?|enleve[rz]?|retire[rz]?"
                r"|oublie[rz]?) (?P<which>.+?)(?: de (?:ma|la) liste)?"
            ),
        ),
        "yes": (
            r"oui|ouais|ok|bien sur|vas-y|d'accord|oui merci|o|exactement|c'est ca",
            r"certainement",
        ),
        "no": (r"non|non merci|laisse(?: tomber)?|annuler|stop|pas maintenant|n|surtout pas",),
    },
    introduction=r"(?:de |d'|que je (?:dois )?|que |qu'il faut |a propos de |pour |:|,)\s*",
    by="dans",
)
