"""What the analytics answer, as schemas. They describe and are never run, as in ``outgoing``."""
# ruff: noqa: N815 - names as they are on the wire

from __future__ import annotations

from futuretracker.api.openapi.kinds import Out, many, on_day, one, share, text, whole, word
from futuretracker.api.openapi.pipeline import PipelineAnalytics
from futuretracker.api.schemas.opportunities import STATUSES, V1_STATUSES

OriginalStatusCounts = Out.from_dict({s: whole() for s in STATUSES}, name="OriginalStatusCounts")
StatusCounts = Out.from_dict({s: whole() for s in V1_STATUSES}, name="StatusCounts")


class CategoryCounts(Out):
    """Rows by category."""

    internship = whole()
    hackathon = whole()


class CampusModeCounts(Out):
    """Rows by campus mode."""

    on_campus = whole()
    off_campus = whole()
    unspecified = whole()


class Metrics(Out):
    """Rates in per cent, with one decimal; 0 where nothing was counted."""

    conversionRate = share("Selected of all.")
    rejectionRate = share("Rejected of all.")
    inProgress = whole("Applied, interviewed and shortlisted.")
    successRate = share("Selected of selected and rejected.")


class Week(Out):
    """Rows made in a week."""

    week = word(tuple(f"W{n}" for n in range(1, 9)), "W8 is the current week.")
    weekStart = on_day("A Sunday.")
    count = whole()


class Month(Out):
    """Rows made in a month."""

    month = text("Such as `Jan 2026`.")
    count = whole()


class DeadlineDay(Out):
    """Deadlines of a day."""

    date = on_day()
    day = whole("Of the month.", 1, 31)
    dayOfWeek = whole("0 is Sunday.", 0, 6)
    count = whole()


class Stage(Out):
    """Rows that came as far as a stage."""

    stage = word(("Applied", "Shortlisted", "Interviewed", "Selected"))
    count = whole()
    percentage = share("Of all.")


class OriginalAnalytics(Out):
    """Counts over a user's rows, in UTC."""

    total = whole()
    statusCounts = one(OriginalStatusCounts)
    categoryCounts = one(CategoryCounts)
    metrics = one(Metrics)
    weeklyBreakdown = many(Week, "The last 8 weeks.")
    monthlyBreakdown = many(Month, "The last 6 months.")
    deadlineDistribution = many(DeadlineDay, "30 days from today.")
    funnelData = many(Stage, "The four stages.")


class Analytics(OriginalAnalytics):
    """Counts over a user's rows, in UTC, and the pipeline of interview rounds."""

    statusCounts = one(StatusCounts)
    campusModeCounts = one(CampusModeCounts)
    pipelineAnalytics = one(PipelineAnalytics)
