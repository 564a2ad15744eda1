"""Bugs about agents: dispatched twice, not waited for, and missed too early."""

from tests.simulation.bugs import plans
from tests.simulation.bugs.bug import Bug, Change

BUGS = (
    Bug(
        name="phone dialled before its agent",
        breaks="A phone that is to be dialled when its agent is there is dialled at once.",
        changes=(
            Change(
                "service/following/follow.py",
                "        if self._call.awaits_agent:\n"
                "            trunk = await self._until_dial_due()\n",
                "",
            ),
        ),
        rules=("agents.no_phone_is_dialled_before_its_agent",),
        seed=0,
    ),
    Bug(
        name="agent asked for again",
        breaks="Who does not know whether an agent was dispatched asks again without a look.",
        changes=(
            Change(
                "service/following/agents/attendant.py",
                '                found = "" if fresh else await self._find()\n',
                '                found = ""\n',
            ),
        ),
        rules=("agents.an_agent_is_dispatched_once",),
        seed=0,
        doings=plans.UNREADABLE,
    ),
    Bug(
        name="agent given up at the first look",
        breaks="An agent that is not there yet is missing, before its time is over.",
        changes=(
            Change(
                "service/following/agents/attendant.py",
                "        elif agent.state is AgentState.DISPATCHED and self._is_due():\n",
                "        elif agent.state is AgentState.DISPATCHED:\n",
            ),
        ),
        rules=("agents.agents_are_missed_only_where_none_came",),
        seed=0,
    ),
)
