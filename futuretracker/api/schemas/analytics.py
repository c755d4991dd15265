"""The response of the analytics."""
# ruff: noqa: N815 - names as on the wire

from __future__ import annotations

from futuretracker.api.schemas import response_fields as response
from futuretracker.api.schemas.analytics_rounds import PipelineAnalytics
from futuretracker.api.schemas.base import Response
from futuretracker.api.schemas.response_fields import array, integer, nested, percentage

WEEKS = tuple(f"W{number}" for number in range(1, 9))
STAGES = ("Applied", "Shortlisted", "Interviewed", "Selected")


class OriginalStatusCounts(Response):
    """The number of opportunities with each status."""

    applied = integer("With status `applied`.", 1)
    interviewed = integer("With status `interviewed`.", 0)
    shortlisted = integer("With status `shortlisted`.", 0)
    selected = integer("With status `selected`.", 1)
    rejected = integer("With status `rejected`.", 1)


class StatusCounts(OriginalStatusCounts):
    """The number of opportunities with each status."""

    ghosted = integer("With status `ghosted`.", 0)
    saved = integer("With status `saved`.", 0)
    offer = integer("With status `offer`.", 0)
    accepted = integer("With status `accepted`.", 0)
    withdrawn = integer("With status `withdrawn`.", 0)


class CategoryCounts(Response):
    """The number of opportunities in each category."""

    internship = integer("Internships.", 2)
    hackathon = integer("Hackathons.", 1)


class CampusModeCounts(Response):
    """The number of opportunities by campus mode."""

    on_campus = integer("On campus.", 0)
    off_campus = integer("Off campus.", 2)
    unspecified = integer("Without a campus mode.", 1)


class Metrics(Response):
    """Percentages with one decimal, 0 if there are no opportunities to count.

    `saved` ones are no applications. `offer` and `accepted` count as selected.
    """

    conversionRate = percentage("The percentage of applications that are selected.", 33.3)
    rejectionRate = percentage("The percentage of applications that are rejected.", 33.3)
    inProgress = integer("How many are applied, interviewed or shortlisted.", 1)
    successRate = percentage("The percentage of selected or rejected ones that are selected.", 50.0)


class Week(Response):
    """The number of opportunities created in one week."""

    week = response.choice(WEEKS, "The name of the week; W8 is the current one.", "W8")
    weekStart = response.date("The first day of the week, a Sunday.", "2026-11-22")
    count = integer("How many were created in this week.", 3)


class Month(Response):
    """The number of opportunities created in one month."""

    month = response.text("The month.", "Nov 2026")
    count = integer("How many were created in this month.", 3)


class DeadlineDay(Response):
    """The number of deadlines on one day."""

    date = response.date("The day.", "2026-12-01")
    day = integer("The day of the month.", 1, first=1, last=31)
    dayOfWeek = integer("The day of the week; 0 is Sunday.", 2, last=6)
    count = integer("How many deadlines are on this day.", 1)


class Stage(Response):
    """The number of opportunities that reached a stage."""

    stage = response.choice(STAGES, "The stage.", "Applied")
    count = integer("How many reached the stage.", 3)
    percentage = percentage("The percentage of opportunities that reached the stage.", 100.0)


class OriginalAnalytics(Response):
    """Counts over the opportunities of the user. Days, weeks and months are in UTC."""

    total = integer("The number of opportunities.", 3)
    statusCounts = nested(OriginalStatusCounts, "Opportunities by status.")
    categoryCounts = nested(CategoryCounts, "Opportunities by category.")
    metrics = nested(Metrics, "Rates.")
    weeklyBreakdown = array(Week, "The last 8 weeks, ending with the current one.")
    monthlyBreakdown = array(Month, "The last 6 months, ending with the current one.")
    deadlineDistribution = array(DeadlineDay, "All deadlines on the next 30 days, from today on.")
    funnelData = array(Stage, "The four stages.")


class Analytics(OriginalAnalytics):
    """Counts over the opportunities of the user. Days, weeks and months are in `time_zone`."""

    statusCounts = nested(StatusCounts, "Opportunities by status.")
    deadlineDistribution = array(
        DeadlineDay,
        "The deadlines of hackathons and of saved internships on the next 30 days, from today on.",
    )
    campusModeCounts = nested(CampusModeCounts, "Opportunities by campus mode.")
    pipelineAnalytics = nested(PipelineAnalytics, "The interview rounds of internships.")
