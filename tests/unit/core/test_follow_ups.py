"""Follow-ups: what they mean after what was said before, and that doubt never acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd.core.conversation import Conversation, Deed, Exchange
from laresd.core.follow_ups import FollowUp, Telling, understand
from laresd.core.intent.abilities import can, is_dangerous
from laresd.core.intent.meaning import Ask, Question, Trouble
from laresd.types import Action, Command, Entity, EntityState, Home, Json, Status
from tests.fakes.home import ENTITIES, HOME, STATES, entity, home_of, state

Done = list[tuple[str, Command, dict[str, Json]]]


def deed(
    entity_id: str,
    command: Command,
    params: Mapping[str, Json] | None = None,
    *,
    before: EntityState | None = None,
    status: Status = Status.CONFIRMED,
) -> Deed:
    known = before if before is not None else HOME.state(entity_id)
    return Deed(Action(entity_id, command, params or {}), status, known)


def said(
    text: str = "",
    *deeds: Deed,
    intent: str = "",
    question: Question | None = None,
    choices: Sequence[str] = (),
    language: str = "en",
    undone: bool = False,
) -> Exchange:
    return Exchange(
        1.0,
        text,
        language,
        intent,
        deeds=deeds,
        question=question,
        choices=tuple(choices),
        undone=undone,
    )


KITCHEN_ON = said("turn on the kitchen light", deed("light.kitchen", Command.TURN_ON))
LAMP_BEDROOM = said("turn on the lamp", deed("light.lamp_bedroom", Command.TURN_ON))
CEILING_OFF = said("turn off the ceiling", deed("light.ceiling", Command.TURN_OFF))
CEILING_60 = said("ceiling to 60", deed("light.ceiling", Command.TURN_ON, {"brightness_pct": 60}))
HEAT_21 = said("21 degrees", deed("climate.living", Command.SET_TEMPERATURE, {"temperature": 21}))
BLIND_50 = said("blind to 50", deed("cover.blind", Command.SET_POSITION, {"position": 50}))
TV_40 = said("volume 40", deed("media_player.tv", Command.SET_VOLUME, {"volume_pct": 40}))
BOTH = said(
    "kitchen light and coffee on",
    deed("light.kitchen", Command.TURN_ON),
    deed("switch.coffee", Command.TURN_ON),
)
BACK_DOOR = said("lock the back door", deed("lock.back", Command.LOCK))
WARM = said("how warm", question=Question(Ask.TEMPERATURE, ("climate.living",)))
LIGHT_ON = said("is the kitchen light on", question=Question(Ask.IS, ("light.kitchen",), "on"))


def follow(
    text: str,
    *before: Exchange,
    home: Home = HOME,
    here: str | None = None,
    language: str = "en",
) -> FollowUp | None:
    return understand(text, language, Conversation(before), home, here)


def done(found: FollowUp | None) -> Done:
    assert found is not None and found.meaning is not None, found
    assert found.meaning.problem is None, found.meaning.problem
    return [(a.entity_id, a.command, dict(a.params)) for a in found.meaning.actions]


def trouble(found: FollowUp | None) -> Trouble:
    assert found is not None and found.meaning is not None and found.meaning.problem is not None
    return found.meaning.problem.trouble


class TestIt:
    @pytest.mark.parametrize(
        "text",
        [
            "turn it back on",
            "turn it on again",
            "switch it back on please",
            "Turn that on again.",
            "back on",
            "on again",
        ],
    )
    def test_is_what_was_spoken_of(self, text: str) -> None:
        assert done(follow(text, CEILING_OFF)) == [("light.ceiling", Command.TURN_ON, {})]

    def test_takes_values_too(self) -> None:
        assert done(follow("set it to 30 percent", CEILING_60)) == [
            ("light.ceiling", Command.TURN_ON, {"brightness_pct": 30})
        ]
        ((_, _, params),) = done(follow("make it red", CEILING_60))
        assert params["color_name"] == "red"

    def test_may_be_what_was_asked_about(self) -> None:
        assert done(follow("turn it off", LIGHT_ON)) == [("light.kitchen", Command.TURN_OFF, {})]

    def test_is_asked_back_when_two_unlike_things_were_spoken_of(self) -> None:
        assert trouble(follow("turn it off", BOTH)) is Trouble.AMBIGUOUS
        assert [i for i, _, _ in done(follow("turn them off", BOTH))] == [
            "light.kitchen",
            "switch.coffee",
        ]

    def test_means_nothing_when_nothing_was_said_before(self) -> None:
        assert follow("turn it back on") is None
        assert follow("a bit brighter") is None

    def test_is_never_what_could_open_the_house(self) -> None:
        assert trouble(follow("unlock it again", BACK_DOOR)) is Trouble.DANGEROUS
        garage = said("close the garage", deed("cover.garage", Command.CLOSE))
        assert trouble(follow("open it again", garage)) is Trouble.DANGEROUS

    @pytest.mark.parametrize(
        "text",
        [
            "turn on the desk lamp",  # a device is named
            "turn it on when i come home",
            "do not turn it on",
            "turn it on in ten minutes",
            "is it on",
            "it is on",
            "what is it",
            "he turned it on",
            "turn everything off",
            "it",
            "turn",
            "the weather is nice",
        ],
    )
    def test_what_is_not_surely_a_follow_up_is_left_to_others(self, text: str) -> None:
        assert follow(text, CEILING_OFF) is None


class TestSteps:
    @pytest.mark.parametrize(
        ("text", "before", "params"),
        [
            ("brighter", CEILING_60, {"brightness_pct": 60}),  # of 40 reported
            ("a bit brighter", CEILING_60, {"brightness_pct": 50}),
            ("a little darker", CEILING_60, {"brightness_pct": 30}),
            ("more", CEILING_60, {"brightness_pct": 60}),
            ("a bit less", CEILING_60, {"brightness_pct": 30}),
            ("make it a bit brighter", CEILING_60, {"brightness_pct": 50}),
            ("warmer", HEAT_21, {"temperature": 21}),
            ("a bit cooler", HEAT_21, {"temperature": 19.5}),
            ("less", BLIND_50, {"position": 80}),
            ("louder", TV_40, {"volume_pct": 40}),
            ("a bit more", TV_40, {"volume_pct": 40}),
        ],
    )
    def test_go_from_what_the_device_reported(
        self, text: str, before: Exchange, params: dict[str, Json]
    ) -> None:
        assert [p for _, _, p in done(follow(text, before))] == [params]

    def test_of_another_quality_are_left_to_others(self) -> None:
        assert follow("warmer", CEILING_60) is None
        assert follow("louder", CEILING_60) is None

    def test_less_of_a_lamp_that_is_off_does_not_switch_it_on(self) -> None:
        off = home_of(ENTITIES, {**STATES, "light.ceiling": state("off")})
        assert follow("less", CEILING_OFF, home=off) is None
        assert follow("a bit darker", CEILING_OFF, home=off) is None

    def test_more_after_what_has_no_level_is_not_understood(self) -> None:
        assert follow("more", BACK_DOOR) is None
        assert follow("more", WARM) is None

    def test_again_goes_one_step_further(self) -> None:
        stepped = said(
            "a bit brighter",
            deed("light.ceiling", Command.TURN_ON, {"brightness_pct": 50}),
            intent="follow_up_more",
        )
        now = home_of(ENTITIES, {**STATES, "light.ceiling": state("on", brightness_pct=50)})
        ((_, _, params),) = done(follow("again", stepped, home=now))
        assert params == {"brightness_pct": 60}


class TestAgain:
    def test_repeats_what_was_done(self) -> None:
        bell = said("ring", deed("button.bell", Command.PRESS, status=Status.ACCEPTED))
        assert done(follow("again", bell)) == [("button.bell", Command.PRESS, {})]
        assert done(follow("do that again please", BOTH)) == [
            ("light.kitchen", Command.TURN_ON, {}),
            ("switch.coffee", Command.TURN_ON, {}),
        ]

    def test_is_only_about_the_latest_request(self) -> None:
        assert follow("again", KITCHEN_ON, WARM) is None

    def test_is_not_understood_after_an_undo(self) -> None:
        assert (
            follow("again", said("undo", deed("light.kitchen", Command.TURN_OFF), undone=True))
            is None
        )


class TestAlso:
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("and the bedroom", ["light.lamp_bedroom"]),
            ("and in the bedroom", ["light.lamp_bedroom"]),
            ("the bedroom too", ["light.lamp_bedroom"]),
            ("same for the bedroom", ["light.lamp_bedroom"]),
            ("also the fan", ["fan.bedroom"]),
            ("and the desk lamp as well", ["light.desk_lamp"]),
            ("and the ceiling and the coffee machine", ["light.ceiling", "switch.coffee"]),
            ("do the same in the office", ["light.desk_lamp", "light.lamp_office"]),
        ],
    )
    def test_does_the_same_to_another(self, text: str, wanted: list[str]) -> None:
        found = done(follow(text, KITCHEN_ON))
        assert [(i, c) for i, c, _ in found] == [(i, Command.TURN_ON) for i in wanted]

    def test_is_asked_back_when_several_may_be_meant(self) -> None:
        assert trouble(follow("and the lamp", KITCHEN_ON)) is Trouble.AMBIGUOUS

    def test_prefers_the_room_where_it_is_said(self) -> None:
        assert done(follow("and the lamp", KITCHEN_ON, here="Bedroom")) == [
            ("light.lamp_bedroom", Command.TURN_ON, {})
        ]

    def test_says_what_a_room_does_not_have(self) -> None:
        assert trouble(follow("and the garage", KITCHEN_ON)) is Trouble.NOTHING_THERE

    def test_says_what_a_device_cannot_do(self) -> None:
        assert trouble(follow("and the front door", KITCHEN_ON)) is Trouble.UNSUPPORTED

    def test_never_opens_the_house(self) -> None:
        unlocked = said("unlock the back door", deed("lock.back", Command.UNLOCK))
        assert trouble(follow("also the front door", unlocked)) is Trouble.DANGEROUS

    def test_after_a_question_asks_the_same_and_never_acts(self) -> None:
        found = follow("and the desk lamp", LIGHT_ON)
        assert found is not None and found.meaning is not None
        assert found.meaning.question == Question(Ask.IS, ("light.desk_lamp",), "on")
        assert found.meaning.actions == ()

    @pytest.mark.parametrize(
        "text", ["and paris", "and then", "and you", "and the kitchen light is nice", "also"]
    )
    def test_what_is_not_in_the_home_is_not_understood(self, text: str) -> None:
        assert follow(text, KITCHEN_ON) is None

    def test_is_not_understood_after_two_different_things(self) -> None:
        mixed = said(
            "off and on",
            deed("light.kitchen", Command.TURN_ON),
            deed("light.ceiling", Command.TURN_OFF),
        )
        assert follow("and the bedroom", mixed) is None


class TestTheOtherOne:
    def test_is_the_namesake(self) -> None:
        assert done(follow("the other one", LAMP_BEDROOM)) == [
            ("light.lamp_office", Command.TURN_ON, {})
        ]

    def test_is_the_other_of_its_kind_in_the_room(self) -> None:
        two = home_of(
            [
                entity("light.left", "Left Lamp", "Hall"),
                entity("light.right", "Right Lamp", "Hall"),
                entity("light.far", "Far Lamp", "Attic"),
            ]
        )
        left = said("left lamp on", deed("light.left", Command.TURN_ON, before=state("off")))
        assert done(follow("the other one", left, home=two)) == [
            ("light.right", Command.TURN_ON, {})
        ]

    def test_is_asked_back_when_there_are_several_others(self) -> None:
        three = home_of([entity(f"light.{i}", f"Lamp {i}", "Hall") for i in ("a", "b", "c")])
        first = said("lamp a on", deed("light.a", Command.TURN_ON, before=state("off")))
        assert trouble(follow("the other one", first, home=three)) is Trouble.AMBIGUOUS

    def test_is_not_understood_when_there_is_none(self) -> None:
        assert follow("the other one", KITCHEN_ON) is None
        assert follow("the other one", BOTH) is None


class TestNotThatOne:
    def test_puts_back_and_does_what_was_meant(self) -> None:
        assert done(follow("not that one, the bedroom", KITCHEN_ON)) == [
            ("light.kitchen", Command.TURN_OFF, {}),
            ("light.lamp_bedroom", Command.TURN_ON, {}),
        ]

    @pytest.mark.parametrize("text", ["no, I meant the desk lamp", "wrong one, the desk lamp"])
    def test_can_be_said_in_several_ways(self, text: str) -> None:
        assert done(follow(text, KITCHEN_ON))[-1] == ("light.desk_lamp", Command.TURN_ON, {})

    def test_does_nothing_by_halves_when_the_right_one_is_not_clear(self) -> None:
        assert trouble(follow("not that one, the lamp", KITCHEN_ON)) is Trouble.AMBIGUOUS
        assert follow("not that one", KITCHEN_ON) is None
        assert follow("not that one, the kitchen light", KITCHEN_ON) is None

    def test_never_opens_what_was_locked_by_mistake(self) -> None:
        locked = said(
            "lock the back door", deed("lock.back", Command.LOCK, before=state("unlocked"))
        )
        assert trouble(follow("not that one, the front door", locked)) is Trouble.DANGEROUS


class TestTheAnswerToWhich:
    WHICH = said("turn on the lamp", choices=("light.lamp_bedroom", "light.lamp_office"))

    @pytest.mark.parametrize(
        "text",
        [
            "the bedroom",
            "the one in the bedroom",
            "in the bedroom",
            "the bedroom one",
            "the lamp in the bedroom",
        ],
    )
    def test_is_one_of_the_choices(self, text: str) -> None:
        assert done(follow(text, self.WHICH)) == [("light.lamp_bedroom", Command.TURN_ON, {})]

    @pytest.mark.parametrize("text", ["the kitchen", "the lamp", "yes", "both", "the garden"])
    def test_is_nothing_else(self, text: str) -> None:
        assert follow(text, self.WHICH) is None

    def test_of_a_follow_up_is_one_of_the_choices_too(self) -> None:
        which = said("and the lamp", choices=("light.lamp_bedroom", "light.lamp_office"))
        assert done(follow("the office", KITCHEN_ON, which)) == [
            ("light.lamp_office", Command.TURN_ON, {})
        ]

    def test_is_only_taken_at_once(self) -> None:
        assert follow("the bedroom", self.WHICH, WARM) is None

    def test_never_opens_the_house(self) -> None:
        which = said("unlock the door", choices=("lock.front", "lock.back"))
        found = follow("the front door", which)
        assert found is None or trouble(found) is Trouble.DANGEROUS


class TestWhatWasDone:
    def test_is_told_with_its_outcome(self) -> None:
        found = follow("what did you just do?", BOTH)
        assert found is not None and found.telling is Telling.DONE
        assert [o.action.entity_id for o in found.outcomes] == ["light.kitchen", "switch.coffee"]

    def test_is_nothing_when_only_questions_were_asked(self) -> None:
        for before in ((), (WARM,)):
            found = follow("what did you do", *before)
            assert found is not None and found.telling is Telling.NOTHING_DONE


class TestUndo:
    @pytest.mark.parametrize(
        "text", ["undo", "undo that", "put it back", "Please undo that.", "put it back how it was"]
    )
    def test_puts_back_what_was_done(self, text: str) -> None:
        found = follow(text, KITCHEN_ON)
        assert done(found) == [("light.kitchen", Command.TURN_OFF, {})]
        assert found is not None and found.puts_back

    def test_is_about_the_latest_deed_not_the_latest_question(self) -> None:
        assert done(follow("undo that", KITCHEN_ON, WARM)) == [
            ("light.kitchen", Command.TURN_OFF, {})
        ]

    def test_happens_only_once(self) -> None:
        undone = said("x", deed("light.kitchen", Command.TURN_ON), undone=True)
        found = follow("undo that", KITCHEN_ON, undone)
        assert found is not None and found.telling is Telling.UNDONE_ALREADY

    def test_says_what_has_no_way_back(self) -> None:
        bell = said("ring", deed("button.bell", Command.PRESS, status=Status.ACCEPTED))
        found = follow("undo that", bell)
        assert found is not None and found.telling is Telling.NO_WAY_BACK
        assert found.ids == ("button.bell",)

    def test_has_nothing_to_do_where_nothing_was_changed(self) -> None:
        dead = said("x", deed("light.kitchen", Command.TURN_ON, status=Status.NO_ANSWER))
        for before in ((), (WARM,), (dead,)):
            found = follow("undo that", *before)
            assert found is not None and found.telling is Telling.NOTHING_TO_UNDO

    def test_is_left_to_the_rules_of_risk_where_it_opens_the_house(self) -> None:
        locked = said("lock", deed("lock.back", Command.LOCK, before=state("unlocked")))
        assert done(follow("undo that", locked)) == [("lock.back", Command.UNLOCK, {})]


WOHNUNG = home_of(
    [
        entity("light.kueche", "Küchenlampe", "Küche", ["brightness"]),
        entity("light.schlaf", "Nachttischlampe", "Schlafzimmer", ["brightness"]),
        entity("fan.schlaf", "Ventilator", "Schlafzimmer", ["percentage"]),
        entity("climate.flur", "Heizung", "Flur", ["temperature"], limits=(5, 30)),
        entity("light.flur", "Flurlampe", "Flur"),
    ],
    {
        "light.kueche": state("on", brightness_pct=40),
        "light.schlaf": state("off"),
        "fan.schlaf": state("off"),
        "climate.flur": state("heat", temperature=20),
        "light.flur": state("off"),
    },
)
GONGYU = home_of(
    [
        entity("light.chufang", "厨房灯", "厨房", ["brightness"]),
        entity("light.woshi", "卧室灯", "卧室", ["brightness"]),
        entity("fan.woshi", "风扇", "卧室", ["percentage"]),
        entity("climate.keting", "空调", "客厅", ["temperature"], limits=(16, 30)),
    ],
    {
        "light.chufang": state("on", brightness_pct=40),
        "light.woshi": state("off"),
        "fan.woshi": state("off"),
        "climate.keting": state("cool", temperature=24),
    },
)


def on(entity_id: str, **params: Json) -> Exchange:
    return said("", deed(entity_id, Command.TURN_ON, params, before=state("off")))


def off(entity_id: str) -> Exchange:
    return said("", deed(entity_id, Command.TURN_OFF, before=state("on")))


class TestGerman:
    @pytest.mark.parametrize(
        ("text", "before", "wanted"),
        [
            ("mach es wieder an", off("light.kueche"), [("light.kueche", Command.TURN_ON, {})]),
            ("mach sie wieder an", off("light.kueche"), [("light.kueche", Command.TURN_ON, {})]),
            ("wieder an", off("light.kueche"), [("light.kueche", Command.TURN_ON, {})]),
            ("schalte ihn aus", on("fan.schlaf"), [("fan.schlaf", Command.TURN_OFF, {})]),
            (
                "etwas heller",
                on("light.kueche"),
                [("light.kueche", Command.TURN_ON, {"brightness_pct": 50})],
            ),
            (
                "mehr",
                on("light.kueche"),
                [("light.kueche", Command.TURN_ON, {"brightness_pct": 60})],
            ),
            ("und im Schlafzimmer", on("light.kueche"), [("light.schlaf", Command.TURN_ON, {})]),
            ("das Schlafzimmer auch", on("light.kueche"), [("light.schlaf", Command.TURN_ON, {})]),
            ("auch den Ventilator", on("light.kueche"), [("fan.schlaf", Command.TURN_ON, {})]),
            ("nochmal", on("light.kueche"), [("light.kueche", Command.TURN_ON, {})]),
            ("mach das rückgängig", on("light.kueche"), [("light.kueche", Command.TURN_OFF, {})]),
            (
                "nein, ich meinte den Flur",
                on("light.kueche"),
                [("light.kueche", Command.TURN_OFF, {}), ("light.flur", Command.TURN_ON, {})],
            ),
        ],
    )
    def test_means_the_same(self, text: str, before: Exchange, wanted: Done) -> None:
        assert done(follow(text, before, home=WOHNUNG, language="de")) == wanted

    def test_tells_what_was_done(self) -> None:
        found = follow("was hast du gerade gemacht?", on("light.kueche"), language="de")
        assert found is not None and found.telling is Telling.DONE

    @pytest.mark.parametrize(
        "text",
        [
            "mach es nicht an",
            "sie ist an",
            "mach es morgen an",
            "ich habe es angemacht",
            "und Paris",
        ],
    )
    def test_leaves_what_is_no_follow_up(self, text: str) -> None:
        assert follow(text, off("light.kueche"), home=WOHNUNG, language="de") is None


class TestChinese:
    @pytest.mark.parametrize(
        ("text", "before", "wanted"),
        [
            ("再打开", off("light.chufang"), [("light.chufang", Command.TURN_ON, {})]),
            ("把它打开", off("light.chufang"), [("light.chufang", Command.TURN_ON, {})]),
            ("把它关掉", on("light.chufang"), [("light.chufang", Command.TURN_OFF, {})]),
            (
                "再亮一点",
                on("light.chufang"),
                [("light.chufang", Command.TURN_ON, {"brightness_pct": 50})],
            ),
            ("卧室也是", on("light.chufang"), [("light.woshi", Command.TURN_ON, {})]),
            ("还有卧室", on("light.chufang"), [("light.woshi", Command.TURN_ON, {})]),
            ("还有风扇", on("light.chufang"), [("fan.woshi", Command.TURN_ON, {})]),
            ("再来一次", on("light.chufang"), [("light.chufang", Command.TURN_ON, {})]),
            ("撤销", on("light.chufang"), [("light.chufang", Command.TURN_OFF, {})]),
            (
                "不是那个，是卧室",
                on("light.chufang"),
                [("light.chufang", Command.TURN_OFF, {}), ("light.woshi", Command.TURN_ON, {})],
            ),
        ],
    )
    def test_means_the_same(self, text: str, before: Exchange, wanted: Done) -> None:
        assert done(follow(text, before, home=GONGYU, language="zh-CN")) == wanted

    def test_tells_what_was_done(self) -> None:
        found = follow("你刚才做了什么？", on("light.chufang"), language="zh-CN")
        assert found is not None and found.telling is Telling.DONE

    @pytest.mark.parametrize("text", ["不要打开它", "明天打开它", "它是开着的吗", "还有巴黎"])
    def test_leaves_what_is_no_follow_up(self, text: str) -> None:
        assert follow(text, off("light.chufang"), home=GONGYU, language="zh-CN") is None


_WORDS = (
    *("turn", "it", "that", "them", "on", "off", "again", "back", "a bit", "more", "less", "undo"),
    *(
        "brighter",
        "the",
        "other",
        "one",
        "not",
        "and",
        "also",
        "too",
        "same for",
        "bedroom",
        "lamp",
    ),
    *("kitchen", "door", "front", "open", "unlock", "close", "lock", "please", "what did you do"),
)


@given(
    st.lists(st.sampled_from(_WORDS), min_size=1, max_size=8),
    st.lists(
        st.sampled_from([KITCHEN_ON, LAMP_BEDROOM, BOTH, BACK_DOOR, WARM, BLIND_50, HEAT_21]),
        max_size=3,
    ),
)
def test_no_words_in_any_order_do_what_a_device_cannot_or_what_opens_the_house(
    words: list[str], before: list[Exchange]
) -> None:
    found = follow(" ".join(words), *before)
    meaning = found.meaning if found is not None else None
    if meaning is None:
        return
    for action in meaning.actions:
        target: Entity = HOME.entities[action.entity_id]
        assert can(target, action.command, action.params)
        assert meaning.intent == "follow_up_undo" or not is_dangerous(target, action.command)
