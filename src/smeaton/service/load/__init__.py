"""The load generator behind `smeaton bench-serve`: how fast does a service answer, and how much does it hold.

Two ways to ask. A *closed* loop has some callers, each of which waits for its answer before it asks again: when the
service stalls, nobody asks, and the stall is hardly seen. An *open* loop asks at moments fixed in advance, as the world
does, and counts each latency from the moment at which the request was due, whether or not it could be sent then
(Schroeder, Wierman, Harchol-Balter: "Open Versus Closed: A Cautionary Tale", NSDI 2006; what a closed loop leaves out
is what Gil Tene named coordinated omission, and his wrk2 counts as is done here).
"""

from smeaton.service.load.closed import closed
from smeaton.service.load.open import scheduled
from smeaton.service.load.sample import How, Sample
from smeaton.service.load.schedule import Pace
from smeaton.service.load.target import Target

__all__ = ["How", "Pace", "Sample", "Target", "closed", "scheduled"]
