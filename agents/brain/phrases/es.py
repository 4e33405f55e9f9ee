"""What people say in Spanish."""

from __future__ import annotations

from agents.brain.phrases.base import Phrases

ES = Phrases(
    opening=(
        r"(?:[\u00a1\u00bf]*(?:hola|oye|ok|vale|y|entonces|bueno|por favor|pues)[,.! "
        r"]+){0,4}[\u00a1\u00bf]*(?:(?:puedes|podrias|puede|podria|me puedes|me podrias|quiero "
        r"que|quisiera que) )?"
    ),
    closing=r"(?:,? (?:por favor|gracias|ahora|porfa)){0,3}",
    patterns={
        "greet": (r"(?:hola|buenos dias|buenas tardes|buenas noches|buenas|hey|que tal)",),
        "mood": (r"como (?:estas|esta|andas|te va)(?: hoy)?|que tal estas",),
        "thanks": (
            r"(?:ok,? |vale,? )?(?:muchas |mil )?gracias(?: por todo)?|genial|perfecto",
            r"estupendo|muy bien",
        ),
        "bye": (
            (
                r"(?:(?:no|ok|vale|muchas gracias|gracias)[,.! ]+){0,3}(?:adios|hasta (?:luego"
                r"|pronto|manana)|chao|nos vemos|buenas noches y adios"
                r"|que tengas? (?:un )?buen dia)"
            ),
            (
                r"(?:(?:no|ok|vale|gracias)[,.! ]+){0,3}(?:eso es todo|nada mas|es todo)"
                r"(?: por (?:hoy|ahora))?(?:[,. ]+(?:gracias|adios)){0,2}"
            ),
            r"cuelga|colgar|termina(?:r)? la llamada",
        ),
        "person": (
            (
                r"(?:quiero|quisiera|necesito|puedo|podria|me gustaria)? ?hablar con (?:una persona"
                r"(?: real| de verdad)?|alguien|un (?:humano|operador|agente|asesor)|una operadora)"
            ),
            (
                r"(?:pasa|comunica|transfiere|ponga|pon)(?:me|r?me)(?: con (?:una persona(?: real)?"
                r"|alguien|un (?:humano|operador|agente|asesor)|una operadora))?"
            ),
            r"(?:una )?persona(?: real)?|un humano|operador(?:a)?|asesor",
        ),
        "go_on": (
            r"(?:si[, ]+)?(?:sigue|siga|continua|continue|adelante sigue|y luego|y que mas)",
            r"que mas|mas|el resto|y el resto",
        ),
        "repeat": (
            r"repite(?:lo|melo| eso)?|repita(?:lo)?|(?:puedes )?repetir(?:lo)?",
            r"(?:di|dilo|dime(?:lo)?)(?: eso)? otra vez|que (?:has dicho|dijiste)|como dices",
            r"(?:perdon|como)|otra vez|no (?:te )?(?:he )?(?:entendi(?:do)?|oido|oi)",
        ),
        "help": (
            r"ayuda(?:me)?|(?:que|y que) (?:puedes|sabes|puede) hacer(?: por mi)?",
            r"como funciona(?: esto| eso)?|quien eres|que eres|comandos|opciones",
        ),
        "clock": (
            r"que hora es(?: ahora)?|que (?:dia|fecha) es(?: hoy)?",
            r"a que (?:dia )?estamos(?: hoy)?|la hora|hora|fecha",
        ),
        "confirm_clear": (r"si,? vacia mi lista",),
        "clear": (
            (
                r"(?:vacia|borra|elimina|limpia|cancela)r? (?:toda )?(?:mi |la |mis |todas "
                r"(?:mis|las) )?(?:lista|tareas)"
            ),
            r"(?:borra|elimina|cancela)r?(?:lo)? todo",
        ),
        "send_list": (
            (
                r"(?:envia|manda|exporta|pasa)(?:me|r|rme)? (?:mi|la|mis|las) (?:lista|tareas"
                r"|lista de tareas)(?: (?:como|en)(?: un)? (?:archivo|documento|fichero"
                r"|texto))?"
            ),
            r"dame (?:mi|la) lista (?:como|en)(?: un)? (?:archivo|documento|fichero)",
            r"mi lista (?:como|en)(?: un)? (?:archivo|fichero)",
        ),
        "cancel_reminder": (
            (
                r"(?:cancela|borra|elimina|quita)r? (?:el|mi|ese|este|mis|los|todos mis) "
                r"recordatorios?(?: (?:de|del|para|sobre) (?P<which>.+))?"
            ),
            r"(?:cancela|borra|elimina|quita)r? (?:el )?recordatorio (?:numero )?(?P<which>#?\d+)",
        ),
        "reminders": (
            (
                r"(?:cuales son |muestrame |ensename |lista |ver )?(?:todos )?(?:mis |los "
                r")recordatorios"
            ),
            r"recordatorios|que recordatorios tengo",
        ),
        "again": (
            (
                r"(?:snooze|posponer|(?:recuerda|avisa)me(?:lo)? (?:otra vez|de nuevo|mas "
                r"tarde))(?: (?P<text>(?:en|a|manana|esta|el|\d) ?.*))?"
            ),
        ),
        "remind": (
            r"recuerdame|(?:nuevo )?recordatorio",
            (
                r"(?P<early>(?:en|a|el|este|esta) .+?|manana(?: .+?)?|hoy(?: .+?)?),? "
                r"(?:recuerda|acuerda)me,? (?P<text>.+)"
            ),
            r"(?:recuerda|acuerda|recorda)(?:me|rme)(?:lo)?,? (?P<text>.+)",
            (
                r"(?:pon|crea|anade|agrega|programa)(?:me|r)? un (?:recordatorio|temporizador"
                r"|aviso|alarma)[:,]? (?P<text>.+)"
            ),
            r"recordatorio[:,]? (?P<text>.+)",
            r"avisame (?P<text>.+)",
            r"despiertame (?P<text>.+)",
            r"que no (?:se me olvide|olvide) (?P<text>.+)",
        ),
        "note_that": (
            (
                r"(?:escribe|anota|apunta|guarda|graba)(?:lo|la|r|melo)?(?: (?:eso|esto))?(?: "
                r"(?:como|en)(?: una?)? (?:nota|archivo|documento|fichero))?(?: y (?:envia"
                r"|manda|da)(?:melo|mela|me|lo)?)?"
            ),
            r"haz una nota (?:de|con) (?:eso|esto)",
            r"(?:envia|manda)me (?:eso|esto) como (?:nota|archivo)",
        ),
        "note": (
            r"(?:nueva |una )?nota ?:?",
            r"nota ?[:,\-] ?(?P<text>.+)",
            (
                r"(?:toma|haz|escribe|crea|anade|nueva|tomar)(?: una)? (?:nueva )?nota(?: de| "
                r"que| sobre| de que)?[:,]? ?(?P<text>.+)"
            ),
            r"(?:anota|apunta)[:,]?(?: que)? (?P<text>.+)",
            r"recuerda que (?P<text>.+)",
        ),
        "notes": (
            (
                r"(?:cuales son |muestrame |ensename |lista |ver )?(?:todas )?mis (?:notas"
                r"|archivos|documentos)"
            ),
            r"notas|que notas tengo",
        ),
        "send_note": (
            (
                r"(?:envia|manda|da|muestra|pasa)(?:me)? (?:la |mi |el )?(?:ultim[ao] )?"
                r"(?:nota|archivo|documento)(?:(?: llamad[ao]| sobre| de)? (?P<which>.+))?"
            ),
        ),
        "done_list": (
            r"que (?:he|tengo) (?:hecho|terminado|completado)(?: hoy)?",
            r"(?:muestrame |ver )?(?:mis |las )?tareas (?:hechas|terminadas|completadas)",
        ),
        "list": (
            r"que (?:hay|tengo) (?:en|pendiente en) (?:mi|la) lista",
            (
                r"(?:muestra|ensena|lee|dame|di|ver|lista)(?:me|r)? ?(?:mi|la|mis|las)? ?"
                r"(?:lista|tareas|lista de tareas|pendientes)"
            ),
            r"(?:mi |mis |la )?(?:lista|tareas|lista de tareas|pendientes)",
            r"que (?:tengo|hay) (?:que hacer|pendiente)(?: hoy)?",
            r"que me (?:queda|falta)(?: por hacer)?|que debo hacer(?: hoy)?",
            (
                r"(?:cuales son|que son) (?:mis|las) (?:tareas|pendientes)|(?:tengo|hay) "
                r"(?:algo|tareas)(?: que hacer| pendiente| pendientes| en mi lista)?"
            ),
        ),
        "add": (
            r"(?:nueva |anade una )?tarea ?:?",
            (
                r"(?:anade|agrega|crea|pon|nueva|apunta)(?:me|r)?(?: una| la)?(?: nueva)? "
                r"tareas?\s?[:,]?\s+(?:de )?(?P<text>.+)"
            ),
            r"tareas?\s?[:,]\s*(?P<text>.+)",
            (
                r"(?:anade|agrega|pon|apunta|mete)r? (?P<text>.+?) (?:a|en) (?:mi|la) lista"
                r"(?: de (?:la |las )?(?:compras?|tareas))?"
            ),
            r"no (?:debo olvidar|(?:te )?olvides?|olvidar) (?P<text>.+)",
            r"(?:tengo que|debo) (?P<text>.+)",
            r"(?:anade|agrega)r? (?P<text>.+)",
        ),
        "move": (
            (
                r"(?:mueve|aplaza|pospon|retrasa|cambia|pasa)r? (?P<which>.+?) (?:al?|para(?: "
                r"el)?|hasta(?: el)?) (?P<text>.+)"
            ),
            r"(?:aplaza|pospon|retrasa)r? (?P<which>.+?) (?P<by>(?:\d+|un|una|dos|tres) .+)",
        ),
        "rename": (
            (
                r"(?:renombra|cambia|modifica|edita)r? (?P<which>.+?) (?:a|por|como|en) "
                r"(?P<text>.+)"
            ),
        ),
        "finish": (
            (
                r"(?:ya )?(?:he )?(?:termine|terminado|hice|hecho|completado?|completa|acabe"
                r"|acabado|listo|marca)(?: con| el| la| lo de)? (?P<which>.+?)(?: como "
                r"(?:hech[ao]|terminad[ao]|completad[ao]))?"
            ),
            (
                r"(?P<which>.+?) (?:ya )?(?:esta |es )?(?:hech[ao]|terminad[ao]|list[ao]"
                r"|completad[ao])"
            ),
            r"(?:ya )?(?:listo|hecho|terminado|he terminado|termine)",
        ),
        "cancel": (
            (
                r"(?:cancela|borra|elimina|quita|olvida|tacha)r? (?P<which>.+?)(?: de (?:mi"
                r"|la) lista)?"
            ),
        ),
        "yes": (
            r"si|claro|ok|vale|de acuerdo|por supuesto|adelante|hazlo|s|si por favor",
            r"correcto|exacto|confirmo",
        ),
        "no": (r"no|no gracias|dejalo|para|nada|mejor no|n|cancelar",),
    },
    introduction=r"(?:de que |de |que (?:tengo que |debo )?|para |sobre |a (?!las? \d)|:|,)\s*",
    by="en",
)
