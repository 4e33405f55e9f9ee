"""What people say in English."""

from __future__ import annotations

from agents.brain.phrases.base import Phrases

EN = Phrases(
    opening=(
        r"(?:(?:hi|hey|hello|ok|okay|now|and|also|then|so|well|alright|um|uh|please|pls|plz)[,.! "
        r"]+){0,4}(?:(?:can|could|would|will) you (?:please |kindly )?|please |kindly |i(?:'d| "
        r"would) like you to |i (?:want|need) you to |i(?:'d| would) like to |let's )?"
    ),
    closing=r"(?:,? (?:please|for me|thanks|thank you|now|asap)){0,3}",
    patterns={
        "greet": (
            (
                r"(?:hi|hello|hey|howdy|yo|good (?:morning|afternoon|evening|day)|greetings"
                r"|/start)(?: there| again)?"
            ),
        ),
        "mood": (r"how are you(?: doing)?(?: today)?|how(?:'s| is) it going",),
        "thanks": (
            (
                r"(?:ok(?:ay)?,? |great,? )?(?:thanks|thank you|thx|ty|cheers)(?: (?:so much"
                r"|a lot|very much|you|again))*"
            ),
            r"(?:great|perfect|cool|nice|awesome|good|got it|wonderful)(?: (?:job|work))?",
        ),
        "bye": (
            (
                r"(?:(?:no|ok(?:ay)?|great|perfect|alright|thanks|thank you)[,.! ]+){0,3}(?:"
                r"(?:good ?)?bye(?:[ -]?bye)?(?: for now)?|see you(?: later| soon| tomorrow)?"
                r"|talk to you (?:later|soon|tomorrow)|good night|laters"
                r"|have a (?:good|nice|great) (?:day|one|evening|night|weekend))"
            ),
            (
                r"(?:(?:no|ok(?:ay)?|great|thanks|thank you)[,.! ]+){0,3}(?:that(?:'s| is| will be"
                r"|'ll be) (?:all|it|everything)(?: for (?:now|today))?|nothing else)"
                r"(?:[,. ]+(?:thanks|thank you|bye|good ?bye)){0,3}"
            ),
            r"hang up(?: (?:now|the phone|on me))?|end (?:the|this) call|(?:you can )?hang up",
        ),
        "person": (
            (
                r"(?:i(?:'d like| would like| want| need|'d prefer) to |let me |may i |can i |"
                r"could i )?(?:talk|speak) (?:to|with) (?:a |an |the |some|your )?(?:real |live |"
                r"actual )?(?:person|human(?: being)?|operator|agent|representative|somebody"
                r"|someone|manager|staff|one of your (?:people|colleagues)|body|one)"
                r"(?: (?:real|else|instead))?"
            ),
            (
                r"(?:put|transfer|connect|forward|pass) me(?: through| over| on)?(?: to "
                r"(?:a |an |the |some|your )?(?:real |live )?(?:person|human(?: being)?|operator"
                r"|agent|representative|body|one|somebody|someone|manager|staff))?"
            ),
            r"(?:operator|representative|(?:a )?(?:real|live) (?:person|human)|human(?: being)?)",
            r"(?:get|give) me (?:a|an|the) (?:real |live )?(?:person|human|operator|manager)",
            r"i (?:want|need) (?:a|an) (?:real |live )?(?:person|human(?: being)?|operator)",
        ),
        "go_on": (
            (
                r"(?:yes[, ]+)?(?:go on|continue|carry on|keep going|keep on|and then|what else"
                r"|more|tell me more|the rest|and the rest|proceed)"
            ),
            r"(?:what(?:'s| is) )?the (?:next|other) ones?|go ahead and continue",
        ),
        "repeat": (
            (
                r"(?:repeat|say)(?: (?:that|it|this))?(?: (?:again|once more|one more time))|"
                r"repeat(?: (?:that|it|this))?"
            ),
            r"what did you (?:just )?say(?: again)?|what was that(?: again)?|come again|once more",
            (
                r"(?:i (?:didn't|did not|couldn't|could not) (?:hear|catch|get|understand)"
                r"(?: (?:that|you|it))?|pardon(?: me)?|sorry,? what|excuse me)"
            ),
        ),
        "help": (
            r"/?help(?: me)?|what (?:can|do) you do(?: for me)?",
            r"what can i (?:say|ask|do)(?: here)?|how (?:do|does) (?:this|it|you) work",
            r"(?:who|what) are you|menu|commands|options",
            r"what else can you do|what can i do with (?:you|this)",
        ),
        "clock": (
            r"what(?:'s| is) the (?:current )?(?:time|date)(?: now| today)?",
            r"what time is it(?: now)?|what day is (?:it|today)(?: today)?",
            r"what(?:'s| is) today(?:'s date)?|(?:current )?(?:time|date)",
        ),
        "confirm_clear": (r"yes,? clear my list",),
        "clear": (
            (
                r"(?:clear|empty|wipe|delete|cancel|erase|remove) (?:my |the |all(?: of)? "
                r"(?:my |the )?)?(?:whole |entire )?(?:list|tasks|to[- ]?do list|to[- ]?dos"
                r"|everything)"
            ),
            r"(?:clear|delete|cancel|remove) (?:it )?all",
        ),
        "send_list": (
            (
                r"(?:send|export|download|e-?mail|share)(?: me)? (?:my|the) (?:whole |to[- ]?do "
                r"|task )?(?:list|tasks|to[- ]?dos|reminders)(?: to me)?(?: as (?:a |an )?"
                r"(?:text |markdown )?(?:file|document|note))?(?: too)?"
            ),
            (
                r"(?:give|get|show|put)(?: me)? (?:my|the) (?:to[- ]?do |task )?(?:list|tasks"
                r"|to[- ]?dos) (?:as|in|into) (?:a )?(?:file|document)"
            ),
        ),
        "cancel_reminder": (
            (
                r"(?:cancel|delete|remove|stop|drop|forget) (?:the|my|that|this|all|all my) "
                r"(?:reminders?|alarm|timer)(?: (?:about|for|to|of) (?P<which>.+))?"
            ),
            r"(?:cancel|delete|remove|stop) (?:reminders?|alarm|timer)",
            (
                r"(?:cancel|delete|remove|stop|drop|forget) (?:the |my )?(?P<which>.+?) "
                r"(?:reminder|alarm|timer)"
            ),
            r"(?:cancel|delete|remove|stop) (?:the )?reminder (?P<which>#?\d+)",
        ),
        "reminders": (
            (
                r"(?:what are |show(?: me)? |list |which are |read(?: me)? )?(?:all )?(?:of "
                r")?(?:my |the )?(?:upcoming )?reminders"
            ),
            r"what reminders do i have|do i have (?:any )?reminders",
        ),
        "again": (
            (
                r"(?:snooze|remind me again)(?: (?:it|that|this))?(?: (?:for )?"
                r"(?P<text>(?:in|at|on|until|tomorrow|tonight|this|next|\d|a|an|half) ?.*))?"
            ),
            r"remind me (?:again )?later",
        ),
        "remind": (
            r"(?:please )?remind me(?: to)?|(?:set )?a reminder",
            r"remind me,? (?P<text>.+)",
            (
                r"(?:set|create|add|make)(?: me)? (?:a |an )?(?:reminder|alarm|timer)[:,]? "
                r"(?P<text>.+)"
            ),
            r"reminder[:,]? (?P<text>.+)",
            r"don't let me forget (?P<text>.+)",
            r"wake me(?: up)? (?P<text>.+)",
            r"(?:alert|ping|nudge|tell) me (?P<text>(?:in|at|on|tomorrow|tonight|when it's) .+)",
            (
                r"(?P<early>(?:in|at|on|by|next|this|every|after) .+?|tomorrow(?: .+?)?"
                r"|tonight),? (?:remind me|tell me to|wake me),? (?P<text>.+)"
            ),
        ),
        "note_that": (
            (
                r"(?:write|take|jot|note|save|put|keep|store|make)(?: a)?(?: note)?(?: of| "
                r"from)? (?:that|this|it)(?: all)?(?: down| up)?(?: (?:as|in|into|to) (?:a "
                r")?(?:note|file|document))?(?:,? (?:and|then) (?:send|give) (?:it|that|this"
                r"|me)(?: (?:the note|the file|it|that))?(?: to me| over)?)?"
            ),
            (
                r"(?:send|give) (?:me )?(?:that|this|it)(?: to me)? as (?:a )?(?:note|file"
                r"|document)"
            ),
            r"make that a note",
        ),
        "note": (
            r"(?:(?:take|make|add|new)(?: an?)? )?note ?:?",
            r"(?:note|memo)(?: to self)?[:,\-] ?(?P<text>.+)",
            (
                r"(?:take|make|write|create|add|save|leave)(?: down)?(?: me)? (?:a |this |the "
                r")?(?:quick |new )?(?:note|memo)(?: that| saying| about| of| to self)?[:,]? "
                r"(?P<text>.+)"
            ),
            r"note (?:(?:that|down)[:,]? )?(?P<text>.+)",
            r"(?:write|jot) down[:,]?(?: that)? (?P<text>.+)",
            r"remember(?: that|:)? (?P<text>(?!to ).+)",
            (
                r"(?:save|write|put|keep|take|note|jot) (?:this|that|it)(?: down)?(?: as (?:a "
                r")?note)?: ?(?P<text>.+)"
            ),
        ),
        "notes": (
            r"(?:what are |show(?: me)? |list )?(?:all )?my (?:notes|files|documents)",
            r"notes|what notes do i have",
        ),
        "send_note": (
            (
                r"(?:send|give|show|get|open)(?: me)? (?:the |my |that )?(?:latest |last )?"
                r"(?:note|file|document)(?: again)?(?:(?: called| named| about| on)? "
                r"(?P<which>.+))?"
            ),
            (
                r"(?:send|give|show|get|open)(?: me)? (?:the |my )(?P<which>.+?) "
                r"(?:note|file|document)(?: again)?"
            ),
        ),
        "done_list": (
            (
                r"(?:what (?:have i|did i|i've) (?:done|finish(?:ed)?|complete[d]?)|(?:show"
                r"(?: me)? |list )?(?:my )?(?:done|finished|completed) (?:tasks|to[- ]?dos"
                r"|things))(?: (?:so far|today))?"
            ),
        ),
        "list": (
            (
                r"(?:what(?:'s| is| are)(?: left)?|show(?: me)?|list|read(?: me)?(?: out)?"
                r"|tell me|see|view|open|give me|check)? ?(?:what's )?(?:on |all )?(?:of )?"
                r"(?:my|our|the) (?:open |current |to[- ]?do |task |shopping )*(?:list|tasks?"
                r"|to[- ]?dos?|agenda)"
            ),
            r"what do i have (?:to do|on my list|today|left)(?: today)?|/tasks|tasks|list",
            r"to[- ]?dos?|what(?:'s| is) (?:next|open|left|due|pending|on)",
            r"anything on my list|what(?:'s| is) (?:still )?(?:open|due|left)(?: to do)?",
            r"what (?:should|must) i do(?: today)?",
            (
                r"what(?:'s| is) (?:on my list|due|open|left|up)(?: for)? (?:today|tomorrow"
                r"|this week|now)"
            ),
            r"(?:show(?: me)?|see|view) (?:list|tasks|to[- ]?dos)|(?:to[- ]?do|task) list",
            r"what do i (?:need|have) to do(?: today| next| now)?",
            (
                r"do i have (?:any )?(?:tasks|to[- ]?dos)|(?:have i got|do i have|is there) "
                r"anything (?:to do|on (?:my|the) list)"
            ),
        ),
        "add": (
            r"(?:add|create|new)(?: an?)?(?: new)? (?:task|to[- ]?do|item)",
            (
                r"(?:add|create|make|new|note)(?: me)?(?: a| an| the| these| this)?(?: new)? "
                r"(?:tasks?|to[- ]?dos?|items?|things?)(?: called| named| to| "
                r"for)?[:,]?\s+(?P<text>.+)"
            ),
            r"(?:tasks?|to[- ]?dos?)\s?[:,]\s*(?P<text>.+)",
            (
                r"(?:add|put|write|stick) (?P<text>.+?) (?:to|on|onto|in) (?:my|our|the) "
                r"(?:to[- ]?do |task |shopping )?(?:list|to[- ]?dos|tasks|agenda)"
            ),
            r"i (?:must|need to|have to|should) (?:remember to )?(?P<text>.+)",
            r"(?:don't|do not) forget (?:to |about )?(?P<text>.+)",
            r"remember to (?P<text>.+)",
            r"add[:,]? (?P<text>.+)",
        ),
        "finish": (
            (
                r"(?:i(?:'m| am| have|'ve)? )?(?:done|finished|completed?|finish|check(?:ed)? "
                r"off|tick(?:ed)? off|close)(?: with)? (?P<which>.+)"
            ),
            r"mark (?P<which>.+?)(?: as)? (?:done|finished|completed?)",
            r"(?P<which>.+?) (?:is|are|was) (?:done|finished|completed?)",
            r"(?P<which>#?\d+) (?:done|finished)",
            r"(?:i'm |all )?(?:done|finished)(?: it)?",
        ),
        "cancel": (
            (
                r"(?:cancel|delete|remove|drop|scratch|erase|forget(?: about)?|kill|strike) "
                r"(?P<which>.+?)(?: from (?:my|the) list)?"
            ),
        ),
        "move": (
            (
                r"(?:move|postpone|reschedule|shift|delay|push|snooze|put off|defer)(?: "
                r"back)? (?P<which>.+?)(?: back)? (?:to|until|till|for|on) (?P<text>.+)"
            ),
            (
                r"(?:move|postpone|delay|push|snooze|put off|defer)(?: back)? "
                r"(?P<which>.+?)(?: back)? by (?P<by>.+)"
            ),
            r"(?P<which>.+?) is (?:now )?due (?P<text>.+)",
            r"(?:move|postpone|reschedule) (?P<which>#?\d+) (?P<text>.+)",
            r"(?:make|set) (?P<which>.+?) due (?P<text>.+)",
        ),
        "rename": (
            r"(?:rename|change|reword|edit|correct) (?P<which>.+?) (?:to|into|as) (?P<text>.+)",
        ),
        "yes": (
            r"yes|yeah|yep|yup|ok|okay|sure|of course|go ahead|do it|yes please|y|correct",
            r"right|confirm",
        ),
        "no": (r"no|nope|nah|don't|never ?mind|stop|cancel|n|leave it|no thanks",),
    },
    introduction=(
        r"(?:later to|later|to|that|about|of|for|i (?:need|have|must|want) to|i should"
        r"|regarding|:|,)(?!\w) *"
    ),
    by="in",
)
