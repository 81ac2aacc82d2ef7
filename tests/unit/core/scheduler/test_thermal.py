"""The thermal governor: warmer means fewer threads, and calm is believed slowly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laresd import config
from laresd.core.scheduler.thermal import CALM, FAIR, HYSTERESIS_C, Heat, Limits, Weather, govern
from laresd.types import Reading

LIMITS = Limits.of(config.Scheduler())  # 75 and 82


def at(*celsius: float | None) -> Weather:
    weather = FAIR
    for each in celsius:
        weather = govern(Reading(each), LIMITS, weather)
    return weather


def flagged(flags: int, celsius: float | None = 50.0, before: Weather = FAIR) -> Weather:
    return govern(Reading(celsius, flags), LIMITS, before)


class TestTemperature:
    @pytest.mark.parametrize(
        ("celsius", "heat"),
        [(40.0, Heat.COOL), (74.9, Heat.COOL), (75.0, Heat.WARM), (82.0, Heat.HOT)],
    )
    def test_the_thresholds_of_the_configuration_hold(self, celsius: float, heat: Heat) -> None:
        assert at(celsius).heat is heat

    def test_it_must_be_five_degrees_cooler_before_work_comes_back(self) -> None:
        assert at(83.0, 78.0).heat is Heat.HOT
        assert at(83.0, 76.9).heat is Heat.WARM
        assert at(76.0, 70.1).heat is Heat.WARM
        assert at(76.0, 69.9).heat is Heat.COOL
        assert at(83.0, 69.9).heat is Heat.COOL

    def test_a_temperature_that_trembles_at_a_threshold_changes_nothing(self) -> None:
        weather, seen = at(75.0), set()
        for celsius in (74.8, 75.2, 74.5, 75.1, 73.0):
            weather = govern(Reading(celsius), LIMITS, weather)
            seen.add(weather.heat)
        assert seen == {Heat.WARM}

    def test_heat_takes_threads_and_slows_down(self) -> None:
        assert [at(c).threads_of(4) for c in (40.0, 76.0, 83.0)] == [4, 3, 2]
        assert [at(c).threads_of(1) for c in (40.0, 76.0, 83.0)] == [1, 1, 1]
        slowdowns = [at(c).slowdown for c in (40.0, 76.0, 83.0)]
        assert slowdowns[0] == 1.0
        assert slowdowns == sorted(slowdowns)

    def test_only_when_hot_the_box_is_for_what_somebody_waits_for(self) -> None:
        assert [at(c).urgent_only for c in (40.0, 76.0, 83.0)] == [False, False, True]

    def test_a_person_reads_why(self) -> None:
        assert at(40.0).why == ""
        assert at(83.4).why == "this box is hot (83 °C)"

    def test_without_a_sensor_it_is_cool_unless_a_flag_says_otherwise(self) -> None:
        assert at(None).heat is Heat.COOL
        assert flagged(0b100, None).heat is Heat.HOT

    def test_limits_in_the_wrong_order_are_one_limit(self) -> None:
        limits = Limits.of(config.Scheduler(warm_c=80.0, hot_c=70.0))
        assert govern(Reading(75.0), limits).heat is Heat.COOL
        assert govern(Reading(80.0), limits).heat is Heat.HOT


class TestFlags:
    @pytest.mark.parametrize(
        ("flags", "heat"),
        [(0b0001, Heat.WARM), (0b0010, Heat.WARM), (0b0100, Heat.HOT), (0b1000, Heat.WARM)],
    )
    def test_what_the_firmware_does_now_counts_whatever_the_temperature(
        self, flags: int, heat: Heat
    ) -> None:
        assert flagged(flags).heat is heat
        assert flagged(flags).why

    def test_what_has_been_does_not(self) -> None:
        assert flagged(0xF0000) == FAIR

    def test_a_throttled_box_is_slower_than_a_hot_one(self) -> None:
        assert flagged(0b100).slowdown > at(83.0).slowdown

    def test_the_effect_of_a_flag_outlives_it_by_some_readings(self) -> None:
        weather, heats = flagged(0b100), []
        for _ in range(CALM):
            weather = flagged(0, before=weather)
            heats.append(weather.heat)
        assert heats == [Heat.HOT] * (CALM - 1) + [Heat.COOL]

    def test_a_flag_that_flickers_keeps_its_effect(self) -> None:
        weather = FAIR
        for flags in (0b100, 0, 0, 0b100, 0, 0, 0):
            weather = flagged(flags, before=weather)
            assert weather.heat is Heat.HOT


@given(
    st.lists(
        st.tuples(st.none() | st.floats(-20, 120), st.integers(0, 0xFFFFF)), min_size=1, max_size=40
    )
)
def test_after_any_readings_the_weather_is_usable_and_bad_news_is_believed_at_once(
    readings: list[tuple[float | None, int]],
) -> None:
    weather = FAIR
    for celsius, flags in readings:
        weather = govern(Reading(celsius, flags), LIMITS, weather)
        assert 0 < weather.threads <= 1
        assert weather.slowdown >= 1
        assert bool(weather.why) is (weather.heat is not Heat.COOL)
        if celsius is not None and celsius >= LIMITS.hot_c:
            assert weather.heat is Heat.HOT
    for _ in range(CALM):
        weather = govern(Reading(LIMITS.warm_c - HYSTERESIS_C - 1), LIMITS, weather)
    assert weather.heat is Heat.COOL
