"""Ten steps of a student's day. Each step is what the table in docs/api/clients.md counts."""

# ruff: noqa: T201
import json
import os

# 1. Connect
from futuretracker_client import Client, FutureTrackerError

client = Client(os.environ["API_URL"], token=lambda: os.environ["TOKEN"])

# 2. Save a hackathon
client.create_opportunity(title="Climate hackathon", category="hackathon", deadline="2026-12-01")

# 3. Save an internship
internship = client.create_opportunity(title="Backend intern", category="internship")

# 4. Show what is wrong with a form
try:
    client.create_opportunity(title="", link="example")
except FutureTrackerError as error:
    print(error.fields["title"]["message"], "/", error.fields["link"]["message"])

# 5. Read everything, page by page
for one in client.all_opportunities(sort="title"):
    print(one["title"], one["status"])

# 6. Search
found = client.list_opportunities(q="clim", category="hackathon")["items"]

# 7. Plan an interview
added = client.create_round(internship["id"], round_type="technical", scheduled_date="2026-12-03")

# 8. Show the rounds of the month
upcoming = client.list_upcoming_rounds(from_="2026-12-01", to="2026-12-31")

# 9. Record the result: the status follows
changed = client.update_round(internship["id"], added["round"]["id"], result="cleared")

# 10. Show the statistics
analytics = client.get_analytics()

# End
seen = str(added["round"]["id"] in json.dumps(upcoming)).lower()
total, counts = analytics["total"], analytics["statusCounts"]
print(len(found), seen, changed["opportunity"]["status"], total, counts["interviewed"])
