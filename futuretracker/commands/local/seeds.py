"""The forty opportunities of ``seed``. They name no real company."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Result: TypeAlias = Literal["pending", "cleared", "rejected", "skipped"]
Rounds: TypeAlias = tuple[tuple[str, Result, int], ...]  # type, result, days from today


class Host(NamedTuple):
    """A company, or the host of a hackathon."""

    company: str
    location: str
    time_zone: str
    contact: str


class Internship(NamedTuple):
    """An internship. The user applied for it, or saved it, ``age`` days ago.

    Only one that is saved has a ``deadline``, in days from today.
    """

    age: int
    title: str
    description: str
    campus_mode: Literal["on_campus", "off_campus"]
    rounds: Rounds = ()
    status: Literal["saved", "applied", "ghosted", "offer", "accepted", "withdrawn"] = "applied"
    notes: str | None = None
    pay: str | None = None
    tags: tuple[str, ...] = ()
    deadline: int | None = None


class Hackathon(NamedTuple):
    """A hackathon. ``deadline`` is in days from today."""

    age: int
    title: str
    description: str
    deadline: int
    status: Literal["applied", "shortlisted", "selected", "rejected"] = "applied"
    tags: tuple[str, ...] = ()


# The opportunities have these in turn.
HOSTS = (
    Host("Example Works", "Berlin or remote", "Europe/Berlin", "Ada, ada@example.com"),
    Host("Example Labs", "Remote", "Europe/London", "jobs@example.org"),
    Host("Example Rail", "Lyon", "Europe/Paris", "Grace, +33 1 99 00 12 34"),
    Host("Example Health", "Bengaluru", "Asia/Kolkata", "Asha, asha@example.net"),
    Host("Example Media", "Toronto", "America/Toronto", "talent@example.com"),
)
INTERNSHIPS = (
    Internship(
        160, "Backend internship, payments team", "Python and Postgres, on site", "on_campus",
        (("oa", "cleared", -150), ("technical", "cleared", -141), ("hr", "cleared", -135),
         ("final", "cleared", -130)),
        status="accepted", notes="Offer accepted for the summer", pay="EUR 2,000 a month",
        tags=("python", "postgres"),
    ),
    Internship(
        152, "Frontend internship, design systems", "TypeScript and accessibility", "off_campus",
        (("assignment", "cleared", -140), ("technical", "rejected", -131)),
        notes="Read up on focus management",
    ),
    Internship(
        147, "Data engineering internship", "Pipelines and data quality", "off_campus",
        status="ghosted",
    ),
    Internship(
        139, "Site reliability internship", "On-call tooling and dashboards", "on_campus",
        (("oa", "rejected", -128),),
    ),
    Internship(
        126, "Machine learning internship, search ranking", "Experiments, metrics", "off_campus",
        (("oa", "cleared", -117), ("technical", "cleared", -109), ("technical", "rejected", -101)),
    ),
    Internship(
        118, "Embedded software internship", "C on small devices", "on_campus", status="ghosted"
    ),
    Internship(
        110, "Android internship", "Kotlin, offline first", "off_campus",
        (("resume_shortlisted", "cleared", -104), ("oa", "rejected", -97)),
    ),
    Internship(
        96, "Security internship", "Review of internal tools", "off_campus",
        (("oa", "cleared", -88), ("technical", "cleared", -80), ("final", "cleared", -73)),
        status="withdrawn", notes="Second offer; declined", pay="EUR 1,800 a month",
        tags=("security", "remote"),
    ),
    Internship(
        91, "Compiler internship", "Diagnostics that people understand", "off_campus",
        (("technical_assignment", "rejected", -79),),
    ),
    Internship(
        84, "Product analytics internship", "SQL and charts", "on_campus",
        (("resume_shortlisted", "cleared", -78), ("group_discussion", "cleared", -70),
         ("hr", "rejected", -64)),
    ),
    Internship(
        77, "Cloud internship, storage team", "Go, distributed systems", "off_campus",
        status="ghosted",
    ),
    Internship(
        70, "Test automation internship", "Browsers and flaky tests", "on_campus",
        (("oa", "cleared", -63), ("technical", "cleared", -54), ("managerial", "skipped", -47),
         ("hr", "cleared", -40)),
    ),
    Internship(
        63, "Robotics internship, motion planning", "C++ and simulation", "off_campus",
        (("oa", "cleared", -56), ("technical", "rejected", -49)),
    ),
    Internship(
        56, "Database internship", "Query planner, benchmarks", "off_campus",
        (("resume_shortlisted", "cleared", -49), ("technical", "cleared", -38),
         ("technical", "pending", 3)),
        notes="Prepare join algorithms",
    ),
    Internship(
        49, "Web performance internship", "Core vitals of a large site", "off_campus",
        (("assignment", "cleared", -40), ("technical", "cleared", -30), ("hr", "pending", 2)),
    ),
    Internship(
        44, "Developer tools internship", "A linter and its editor plugin", "on_campus",
        (("oa", "cleared", -35), ("technical", "pending", 5)),
    ),
    Internship(
        38, "Computer vision internship", "Defects in photographs of parts", "off_campus",
        (("oa", "rejected", -29),),
    ),
    Internship(
        35, "Backend internship, logistics", "Routes and time windows", "on_campus",
        (("resume_shortlisted", "cleared", -28), ("oa", "cleared", -20), ("final", "cleared", -5)),
        status="offer", notes="Answer by the end of the month", pay="EUR 2,100 a month",
        tags=("python",),
    ),
    Internship(
        30, "Game engine internship", "Rendering, profiling", "off_campus", status="ghosted"
    ),
    Internship(
        26, "Bioinformatics internship", "Sequence alignment in Rust", "off_campus",
        (("assignment", "pending", 6),),
        notes="Assignment takes about six hours",
    ),
    Internship(
        21, "Platform internship, identity", "Sessions, tokens, audits", "on_campus",
        (("oa", "cleared", -12), ("technical", "pending", 9)), tags=("security", "remote"),
    ),
    Internship(
        17, "Mapping internship", "Tiles and geometry", "off_campus",
        (("oa", "pending", 4),),
    ),
    Internship(12, "iOS internship", "Swift, widgets", "off_campus", (("oa", "pending", 8),)),
    Internship(
        8, "Quantitative research internship", "Statistics, time series", "on_campus",
        (("resume_shortlisted", "cleared", -2), ("oa", "pending", 7)),
    ),
    Internship(4, "Networking internship", "Congestion control", "off_campus", tags=("remote",)),
    Internship(
        0, "Data visualisation internship", "Maps and dashboards", "off_campus", status="saved",
        notes="Ask for a referral first", tags=("maps", "charts"), deadline=13,
    ),
)  # fmt: skip
HACKATHONS = (
    Hackathon(155, "Open data weekend", "Public transport timetables", -140, "selected"),
    Hackathon(133, "Accessibility jam", "Tools for screen readers", -120, "rejected"),
    Hackathon(114, "Compression contest", "Smaller logs", -98, "rejected"),
    Hackathon(99, "Campus energy hackathon", "Save power in lecture halls", -85, "shortlisted"),
    Hackathon(82, "Health data hackathon", "Forms that patients understand", -66, "selected"),
    Hackathon(66, "Edge computing challenge", "Models on small boards", -50, "rejected"),
    Hackathon(53, "Civic tech weekend", "Council minutes, searchable", -33, "shortlisted"),
    Hackathon(41, "Retro game jam", "One button, ten minutes", -21, "selected"),
    Hackathon(33, "Cyber range challenge", "Attack and defence for teams", -6, "rejected"),
    Hackathon(24, "Climate hackathon", "Heat maps of a city", 2, "shortlisted", ("maps",)),
    Hackathon(15, "Robot soccer cup", "Teams of three", 6),
    Hackathon(10, "Language learning jam", "Practice in five minutes", 11),
    Hackathon(6, "Open source sprint", "First contributions", 17),
    Hackathon(2, "Water quality hackathon", "Sensors and forecasts", 26),
)
