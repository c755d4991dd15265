"""Mistakes that the types must catch: mypy fails if one of the comments is not needed."""

from futuretracker_client import Client, types

client = Client("http://127.0.0.1:3001", lambda: "token")


async def token() -> str:
    """Return a token later."""
    return "token"


# A new opportunity needs a title.
client.create_opportunity(category="internship")  # type: ignore[call-arg]
new: types.NewOpportunity = {"category": "internship"}  # type: ignore[typeddict-item]


def unknown_status(opportunity: types.Opportunity) -> bool:
    """Compare with a status that no opportunity has."""
    return opportunity["status"] == "hired"  # type: ignore[comparison-overlap]


# An opportunity is read by its id, and nothing is sorted by notes.
client.get_opportunity()  # type: ignore[call-arg]
client.list_opportunities(sort="notes")  # type: ignore[arg-type]
client.list_upcoming_rounds(after="2026-12-01")  # type: ignore[call-arg]

# A file is bytes or a file that was opened for bytes, and has a type.
client.import_opportunities(b"title\n")  # type: ignore[call-arg]
client.import_opportunities("rows.csv", content_type="text/csv")  # type: ignore[arg-type]
client.import_opportunities(b"title\n", content_type="text/plain")  # type: ignore[arg-type]
client.export_opportunities(format="pdf")  # type: ignore[arg-type]

# A token is a string or a function. Only an AsyncClient awaits it.
Client("http://127.0.0.1:3001", 3001)  # type: ignore[arg-type]
Client("http://127.0.0.1:3001", token)  # type: ignore[arg-type]
