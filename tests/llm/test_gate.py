import asyncio
import threading

from smeaton.llm.gate import Gate, gate


def test_no_more_than_so_many_at_once_across_threads():
    door, most, now, lock = Gate(), 0, 0, threading.Lock()

    async def one():
        nonlocal most, now
        async with door.passing(3):
            with lock:
                now += 1
                most = max(most, now)
            await asyncio.sleep(0.005)
            with lock:
                now -= 1

    async def many():
        await asyncio.gather(*(one() for _ in range(10)))

    threads = [threading.Thread(target=asyncio.run, args=(many(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (most, door.inside) == (3, 0)


def test_who_stops_waiting_takes_no_place():
    door = Gate()

    async def main():
        async with door.passing(1):
            waiting = [asyncio.ensure_future(_pass(door)) for _ in range(2)]
            await asyncio.sleep(0)
            waiting[0].cancel()
            await asyncio.sleep(0)
        await waiting[1]

    asyncio.run(main())
    assert door.inside == 0


def test_who_is_let_in_while_it_leaves_gives_its_place_on():
    door = Gate()

    async def main():
        async with door.passing(1):
            waiting = asyncio.ensure_future(_pass(door))
            await asyncio.sleep(0)
        waiting.cancel()  # its turn has come, but it has not run yet
        await asyncio.wait([waiting])
        await asyncio.wait_for(_pass(door), 5)

    asyncio.run(main())
    assert door.inside == 0


def test_the_waiting_of_a_closed_loop_are_passed_over():
    door = Gate()
    gone = asyncio.new_event_loop()

    async def main():
        async with door.passing(1):
            task = gone.create_task(_pass(door))
            await asyncio.to_thread(gone.run_until_complete, asyncio.sleep(0.01))
            task.cancel = lambda *_: False
            gone.close()
        await asyncio.wait_for(_pass(door), 5)

    asyncio.run(main())
    assert door.inside == 0


def test_gates_are_known_by_name():
    assert gate("one") is gate("one") is not gate("two")


async def _pass(door):
    async with door.passing(1):
        pass
