#!/usr/bin/env bash
# Ten steps of a student's day. Each step is what the table in docs/api/clients.md counts.

# 1. Connect
set -euo pipefail
API=$API_URL/api/v1
auth=(-H "Authorization: Bearer $TOKEN")

# 2. Save a hackathon
curl -sf "$API/opportunities" "${auth[@]}" -o /dev/null \
	--json '{"title": "Climate hackathon", "category": "hackathon", "deadline": "2026-12-01"}'

# 3. Save an internship
internship=$(curl -sf "$API/opportunities" "${auth[@]}" \
	--json '{"title": "Backend intern", "category": "internship"}' | jq -r .id)

# 4. Show what is wrong with a form
curl -s "$API/opportunities" "${auth[@]}" --json '{"title": "", "link": "example"}' |
	jq -r '[.details[].message] | join(" / ")'

# 5. Read everything, page by page
cursor=
while
	page=$(curl -sf -G "$API/opportunities" "${auth[@]}" -d sort=title -d limit=100 --data-urlencode "cursor=$cursor")
	jq -r '.items[] | "\(.title) \(.status)"' <<<"$page"
	cursor=$(jq -r '.nextCursor // empty' <<<"$page")
	[[ $cursor ]]
do :; done

# 6. Search
found=$(curl -sf -G "$API/opportunities" "${auth[@]}" -d q=clim -d category=hackathon | jq '.items | length')

# 7. Plan an interview
round=$(curl -sf "$API/opportunities/$internship/rounds" "${auth[@]}" \
	--json '{"round_type": "technical", "scheduled_date": "2026-12-03"}' | jq -r .round.id)

# 8. Show the rounds of the month
upcoming=$(curl -sf "$API/opportunities/rounds/upcoming?from=2026-12-01&to=2026-12-31" "${auth[@]}")

# 9. Record the result: the status follows
status=$(curl -sf -X PATCH "$API/opportunities/$internship/rounds/$round" "${auth[@]}" \
	--json '{"result": "cleared"}' | jq -r .opportunity.status)

# 10. Show the statistics
counts=$(curl -sf "$API/analytics" "${auth[@]}" | jq -r '"\(.total) \(.statusCounts.interviewed)"')

# End
echo "$found" "$(jq "tostring | contains(\"$round\")" <<<"$upcoming")" "$status" "$counts"
