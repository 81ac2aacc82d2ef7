"""A worker may die, hang, flood or talk nonsense: its users get an answer or one clear error."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from laresd.backends.workers.supervisor import Worker
from laresd.errors import DeadlineExceeded, Permanent, Refused, Temporary
from laresd.frames import Fields, Frame
from laresd.types import Json
from tests.fakes.engine import spec
from tests.fakes.workers import is_alive, is_running, pid_of, running, soon, status_when

DAEMON = """
import asyncio
from tests.fakes.engine import spec
from tests.fakes.workers import pid_of, running, soon, status_when

async def main():
    async with running(spec()) as worker:
        await worker.call("echo", {}, deadline=soon())
        asyncio.ensure_future(worker.call("hang", {}, deadline=soon()))
        await status_when(worker, lambda status: status.phase == "busy")
        print(await pid_of(worker), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def echo(worker: Worker, text: str = "hello") -> str:
    frame = await worker.call("echo", {"text": text}, deadline=soon())
    return Fields(frame.body).text("text")


async def first_part(worker: Worker, op: str, body: dict[str, Json]) -> Frame:
    async with aclosing(worker.stream(op, body, deadline=soon())) as frames:
        return await anext(frames)


class TestRequests:
    async def test_are_answered_with_body_and_payload(self) -> None:
        async with running(spec()) as worker:
            payload = bytes(range(256)) * 1000
            frame = await worker.call("echo", {"text": "größer"}, payload, deadline=soon())
            assert Fields(frame.body).text("text") == "größer"
            assert frame.payload == payload

    async def test_start_a_worker_that_is_there_on_demand(self) -> None:
        async with running(replace(spec(), on_demand=True)) as worker:
            for _ in range(20):
                await asyncio.sleep(0)
            unused = await worker.status()
            assert (unused.phase, unused.pid) == ("unused", None)
            assert worker.stuck(asyncio.get_running_loop().time() + 1e6) == ""
            assert await echo(worker) == "hello"
            assert (await worker.status()).pid is not None

    async def test_start_a_worker_again_that_gave_its_memory_back(self) -> None:
        async with running(replace(spec(), on_demand=True)) as worker:
            assert not worker.rest()  # it does not run yet
            await worker.call("echo", {}, deadline=soon())
            assert worker.rest()
            gone = await status_when(worker, lambda status: status.pid is None)
            assert gone.phase == "unused"
            assert worker.stuck(asyncio.get_running_loop().time() + 1e6) == ""
            assert await echo(worker) == "hello"

    async def test_are_not_cut_off_to_give_memory_back(self) -> None:
        async with running(replace(spec(), on_demand=True)) as worker:
            asked = asyncio.ensure_future(worker.call("hang", {}, deadline=soon()))
            busy = await status_when(worker, lambda status: status.phase == "busy")
            assert not worker.rest()
            assert (await worker.status()).pid == busy.pid
            asked.cancel()

    async def test_keep_a_worker_that_is_always_there(self) -> None:
        async with running(spec()) as worker:
            await worker.wait_ready(deadline=soon())
            assert not worker.rest()
            assert worker.ready

    async def test_made_at_once_are_served_in_order(self) -> None:
        async with running(spec()) as worker, asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(echo(worker, str(n))) for n in range(8)]
        assert [task.result() for task in asked] == [str(n) for n in range(8)]

    async def test_beyond_the_queue_are_refused(self) -> None:
        async with running(spec(max_queue=2)) as worker, asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(echo(worker)) for _ in range(3)]
            await asyncio.sleep(0)  # each has taken its place
            with pytest.raises(Temporary, match="2 requests waiting"):
                await echo(worker)
        assert [task.result() for task in asked] == ["hello"] * 3

    async def test_stream_their_parts(self) -> None:
        async with running(spec()) as worker:
            body: dict[str, Json] = {"parts": 500}
            frames = [f async for f in worker.stream("stream", body, deadline=soon())]
            assert [f.op for f in frames] == ["part"] * 500 + ["result"]
            assert Fields(frames[499].body).text("text") == "499 "

    async def test_get_the_engines_own_error(self) -> None:
        async with running(spec()) as worker:
            with pytest.raises(Refused, match="no such thing") as caught:
                await worker.call("fail", {"kind": "refused"}, deadline=soon())
            assert caught.value.remedy == "look elsewhere"
            with pytest.raises(Permanent, match="ZeroDivisionError: a bug"):
                await worker.call("fail", {}, deadline=soon())
            with pytest.raises(Permanent, match="no operation 'sing'"):
                await worker.call("sing", {}, deadline=soon())
            assert await echo(worker) == "hello"

    async def test_that_are_too_long_to_be_sent_are_refused_and_harm_nobody(self) -> None:
        async with running(spec()) as worker:
            with pytest.raises(Refused, match="the request is too long"):
                await echo(worker, "x" * 2_000_000)
            assert await echo(worker) == "hello"
            assert (await worker.status()).restarts == 0

    async def test_with_text_that_is_no_unicode_are_answered(self) -> None:
        async with running(spec()) as worker:
            assert await echo(worker, "broken \ud800 text") == "broken ? text"

    async def test_are_not_disturbed_by_what_a_library_prints(self) -> None:
        async with running(spec()) as worker:
            frame = await worker.call("print", {}, deadline=soon())
            assert Fields(frame.body).text("text") == "printed"


class TestDeath:
    async def test_in_the_middle_of_a_request_costs_one_retry(self, tmp_path: Path) -> None:
        async with running(spec()) as worker:
            body: dict[str, Json] = {"until": str(tmp_path / "died")}
            frame = await worker.call("die", body, deadline=soon())
            assert Fields(frame.body).text("text") == "lived"
            assert (await worker.status()).restarts == 1

    async def test_twice_is_one_clear_error(self) -> None:
        async with running(spec()) as worker:
            with pytest.raises(Temporary) as caught:
                await worker.call("die", {}, deadline=soon())
            assert "fake engine was killed by SIGKILL" in caught.value.message
            assert "started again" in caught.value.remedy
            assert await echo(worker) == "hello"
            assert "about to die" in (await worker.status()).error

    async def test_by_kill_nine_from_outside_is_survived(self, tmp_path: Path) -> None:
        async with running(spec()) as worker, asyncio.TaskGroup() as tasks:
            first = await worker.call("echo", {}, deadline=soon())
            until = tmp_path / "go on"
            asked = tasks.create_task(worker.call("slow", {"until": str(until)}, deadline=soon()))
            await status_when(worker, lambda status: status.phase == "busy")
            os.kill(Fields(first.body).integer("pid"), signal.SIGKILL)
            until.touch()
            assert Fields((await asked).body).text("text") == "slow but alive"

    async def test_after_a_part_was_handed_out_is_not_retried(self, tmp_path: Path) -> None:
        async with running(spec()) as worker:
            body: dict[str, Json] = {"parts": 2, "then": "die", "until": str(tmp_path / "died")}
            texts = []
            with pytest.raises(Temporary, match="SIGKILL"):
                async for frame in worker.stream("stream", body, deadline=soon()):
                    texts.append(Fields(frame.body).text("text"))
            assert texts == ["0 ", "1 "]
            assert await echo(worker) == "hello"

    async def test_between_requests_goes_unnoticed(self) -> None:
        async with running(spec()) as worker:
            await echo(worker)
            os.kill(await pid_of(worker), signal.SIGKILL)
            assert await echo(worker) == "hello"

    async def test_does_not_lose_what_was_kept_for_every_life(self) -> None:
        async with running(spec()) as worker:
            worker.keep("a", "remember", {"text": "old"})
            worker.keep("a", "remember", {"text": "new"})
            await echo(worker)
            os.kill(await pid_of(worker), signal.SIGKILL)
            frame = await worker.call("count", {}, deadline=soon())
            assert Fields(frame.body).texts("remembered") == ("new",)


class TestHang:
    async def test_is_noticed_by_silence_and_told(self) -> None:
        async with running(spec(stall_s=0.3)) as worker:
            with pytest.raises(Temporary, match=r"no sign of life for 0\.3 s"):
                await worker.call("hang", {}, deadline=soon())
            assert (await worker.status()).restarts >= 1
            assert await echo(worker) == "hello"

    async def test_slow_work_that_shows_progress_is_none(self) -> None:
        async with running(spec(stall_s=1.0)) as worker:
            frame = await worker.call("slow", {"steps": 60}, deadline=soon())
            assert Fields(frame.body).text("text") == "slow but alive"
            assert (await worker.status()).restarts == 0

    async def test_past_the_deadline_is_an_error_and_the_worker_is_ended_after_its_grace(
        self,
    ) -> None:
        async with running(spec(grace_s=0.1)) as worker:
            await echo(worker)
            before = await pid_of(worker)
            with pytest.raises(DeadlineExceeded, match="fake engine did not answer in time"):
                await worker.call("hang", {}, deadline=soon(0.1))
            assert await echo(worker) == "hello"
            assert await pid_of(worker) != before

    async def test_without_grace_is_ended_at_once_and_started_without_a_pause(self) -> None:
        async with running(spec(grace_s=0.0)) as worker:
            await echo(worker)
            for _ in range(6):
                with pytest.raises(DeadlineExceeded):
                    await worker.call("hang", {}, deadline=soon(0.05))
                assert await echo(worker) == "hello"


class TestSideBySide:
    """A worker that serves several requests at a time."""

    async def held(self, worker: Worker, text: str) -> str:
        body: dict[str, Json] = {"text": text}
        return Fields((await worker.call("hold", body, deadline=soon())).body).text("text")

    async def release(self, worker: Worker, count: int) -> None:
        """End what is held, once that is so many requests."""
        found = 0
        while found < count:
            frame = await worker.call("release", {}, deadline=soon())
            found += Fields(frame.body).integer("held")

    async def test_each_gets_its_own_answer_in_any_order(self) -> None:
        async with running(spec(at_once=6)) as worker, asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(self.held(worker, str(n))) for n in range(5)]
            assert await echo(worker) == "hello"
            await self.release(worker, 5)
        assert [task.result() for task in asked] == ["0", "1", "2", "3", "4"]

    async def test_no_more_than_it_takes(self) -> None:
        async with running(spec(at_once=2)) as worker, asyncio.TaskGroup() as tasks:
            held = tasks.create_task(self.held(worker, "a"))
            waiting = [tasks.create_task(echo(worker, str(n))) for n in range(4)]
            await asyncio.wait(waiting)
            assert not held.done()
            await self.release(worker, 1)

    async def test_the_death_of_the_worker_costs_each_one_retry(self) -> None:
        async with running(spec(at_once=4)) as worker, asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(self.held(worker, str(n))) for n in range(3)]
            await status_when(worker, lambda status: status.phase == "busy")
            os.kill(await pid_of(worker), signal.SIGKILL)
            await self.release(worker, 3)
        assert [task.result() for task in asked] == ["0", "1", "2"]

    async def test_one_that_is_given_up_leaves_the_others_alone(self) -> None:
        async with running(spec(at_once=4)) as worker, asyncio.TaskGroup() as tasks:
            kept = tasks.create_task(self.held(worker, "kept"))
            left = tasks.create_task(self.held(worker, "left"))
            await status_when(worker, lambda status: status.phase == "busy")
            left.cancel()
            await self.release(worker, 1)
            assert await kept == "kept"
            assert (await worker.status()).restarts == 0

    async def test_an_answer_that_nobody_reads_does_not_hold_up_the_others(self) -> None:
        async with running(spec(at_once=4)) as worker:
            stream = worker.stream("flood", {"beside": True}, deadline=soon())
            async with aclosing(stream) as frames:
                assert (await anext(frames)).op == "part"
                assert await echo(worker) == "hello"
                with pytest.raises(Temporary, match="faster than the answer was read"):
                    while True:
                        await asyncio.sleep(0.05)  # a reader far too slow
                        await anext(frames)
            assert (await worker.status()).restarts == 0


class TestNonsense:
    async def test_bytes_that_are_no_frame_end_the_worker(self) -> None:
        async with running(spec()) as worker:
            with pytest.raises(Temporary, match="what is not a frame"):
                await worker.call("garbage", {}, deadline=soon())
            assert await echo(worker) == "hello"

    async def test_an_answer_to_nobodys_request_ends_it(self) -> None:
        async with running(spec()) as worker:
            with pytest.raises(Temporary, match="request 999, which is not running"):
                await worker.call("stray", {}, deadline=soon())

    async def test_a_flood_waits_for_its_reader_and_ends_with_it(self) -> None:
        async with running(spec()) as worker:
            frame = await first_part(worker, "flood", {})
            assert frame.op == "part"
            assert await echo(worker) == "hello"
            assert (await worker.status()).restarts == 0


class TestLoading:
    async def test_what_cannot_be_loaded_fails_requests_at_once_and_is_not_tried_again(
        self,
    ) -> None:
        async with running(spec(options={"load": "permanent"})) as worker:
            for _ in range(2):
                with pytest.raises(Permanent, match="the model file is damaged") as caught:
                    await echo(worker)
            assert caught.value.remedy == "pull it again"
            status = await worker.status()
            assert (status.phase, status.restarts) == ("failed", 0)

    async def test_a_failed_worker_is_tried_again_on_request(self) -> None:
        async with running(spec(options={"load": "permanent"})) as worker:
            with pytest.raises(Permanent):
                await echo(worker)
            worker.restart()
            with pytest.raises(Permanent):
                await echo(worker)

    @pytest.mark.parametrize(
        ("how", "told"), [("temporary", "not enough memory"), ("crash", "SIGABRT")]
    )
    async def test_what_may_pass_is_tried_again(self, how: str, told: str) -> None:
        async with running(spec(options={"load": how})) as worker:
            await status_when(worker, lambda status: status.restarts >= 2)
            with pytest.raises(Temporary):
                await worker.call("echo", {}, deadline=soon(0.01))
            assert told in (await worker.status()).error

    async def test_that_takes_too_long_is_ended(self) -> None:
        slow = spec(options={"load": "hang"}, load_timeout_s=0.2)
        async with running(slow) as worker:
            await status_when(worker, lambda status: status.restarts >= 1)
            assert "not ready after 0.2 s" in (await worker.status()).error

    async def test_a_program_that_is_not_there_is_an_error_not_a_crash(self) -> None:
        async with running(spec(command=("/does/not/exist",))) as worker:
            with pytest.raises(Temporary):
                await worker.call("echo", {}, deadline=soon(0.3))
            assert "could not be started" in (await worker.status()).error

    async def test_can_be_waited_for(self) -> None:
        async with running(spec()) as worker:
            await worker.wait_ready(deadline=soon())
            assert (await worker.status()).phase == "ready"
        async with running(spec(options={"load": "hang"})) as worker:
            with pytest.raises(DeadlineExceeded, match="not ready in time"):
                await worker.wait_ready(deadline=soon(0.1))

    async def test_restart_gives_a_new_process(self) -> None:
        async with running(spec()) as worker:
            await echo(worker)
            before = await pid_of(worker)
            worker.restart()
            assert await echo(worker) == "hello"
            assert await pid_of(worker) != before


class TestStopping:
    async def test_leaves_no_process(self) -> None:
        async with running(spec()) as worker:
            await echo(worker)
            pid = await pid_of(worker)
        assert not is_alive(pid)
        with pytest.raises(Temporary, match="is stopped"):
            await echo(worker)

    async def test_ends_a_worker_that_hangs_and_tells_its_caller(self) -> None:
        async with asyncio.TaskGroup() as tasks, running(spec()) as worker:
            await echo(worker)
            pid = await pid_of(worker)
            asked = tasks.create_task(_refused(worker.call("hang", {}, deadline=soon())))
            await status_when(worker, lambda status: status.phase == "busy")
        assert isinstance(asked.result(), Temporary)
        assert not is_alive(pid)

    async def test_while_it_loads_is_quick_too(self) -> None:
        async with running(spec(options={"load": "hang"})) as worker:
            await status_when(worker, lambda status: status.pid is not None)
            pid = await pid_of(worker)
        assert not is_alive(pid)

    async def test_of_the_daemon_by_kill_nine_leaves_no_worker_behind(self) -> None:
        daemon = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", DAEMON),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert daemon.stdout is not None
        pid = int(await daemon.stdout.readline())
        assert is_running(pid)
        daemon.kill()
        await daemon.communicate()
        async with asyncio.timeout(60.0):
            while is_running(pid):  # noqa: ASYNC110  # it is not our child: no event tells
                await asyncio.sleep(0.01)

    async def test_an_interrupt_from_the_keyboard_is_not_the_workers_business(self) -> None:
        async with running(spec()) as worker:
            await echo(worker)
            pid = await pid_of(worker)
            os.kill(pid, signal.SIGINT)
            assert await echo(worker) == "hello"
            assert await pid_of(worker) == pid


async def test_status_tells_what_a_person_wants_to_know() -> None:
    async with running(spec("ear")) as worker:
        await echo(worker)
        status = await worker.status()
        assert (status.name, status.phase, status.restarts) == ("ear", "ready", 0)
        assert status.facts == {"model": "fake"}
        assert status.error == ""
        assert status.rss_mb is None or status.rss_mb > 1.0


async def _refused(call: object) -> BaseException | None:
    try:
        await call  # type: ignore[misc]
    except Temporary as error:
        return error
    return None


class TestSupervision:
    async def test_is_not_stuck_while_its_worker_does_what_it_may(self) -> None:
        now = asyncio.get_running_loop().time
        async with running(spec()) as worker:
            assert worker.stuck(now()) == ""
            await echo(worker)
            assert worker.stuck(now() + 3600) == ""  # idle for an hour

    async def test_is_stuck_when_a_worker_neither_starts_nor_is_given_up(self) -> None:
        async with running(spec(load_timeout_s=20.0, options={"load": "hang"})) as worker:
            await status_when(worker, lambda status: status.pid is not None)
            now = asyncio.get_running_loop().time()
            assert worker.stuck(now + 40) == ""
            assert "has been starting for" in worker.stuck(now + 60)

    async def test_is_stuck_when_a_silent_call_is_not_ended_in_time(self) -> None:
        async with (
            running(spec(stall_s=10.0, grace_s=5.0)) as worker,
            asyncio.TaskGroup() as tasks,
        ):
            calling = tasks.create_task(first_part(worker, "hang", {}))
            await status_when(worker, lambda status: status.phase == "busy")
            now = asyncio.get_running_loop().time()
            assert worker.stuck(now + 30) == ""
            assert "no sign of life for" in worker.stuck(now + 60)
            calling.cancel()
