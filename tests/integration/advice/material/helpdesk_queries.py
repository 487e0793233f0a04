"""Queries of a helpdesk with their calls: a second workload, on which no rule was tuned."""

from collections.abc import Iterator
from typing import Any

Lines = tuple[tuple[int, str, list[list[object]]], ...]
T, U = "2025-07-01 00:00:00+00", "2025-07-08 00:00:00+00"

READS: Lines = (
    (9000, "SELECT agents.id, agents.full_name, agents.role FROM agents WHERE lower(agents.email) = $1", [["agent77@help77.io"], ["agent1234@help64.io"]]),
    (30000, "SELECT tokens.id, tokens.agent_id FROM tokens WHERE tokens.token_hash = $1 AND tokens.revoked_at IS NULL", [["0f9a3c"], ["9d2b"], ["a"]]),
    (8000, "SELECT customers.id, customers.full_name FROM customers WHERE customers.tenant_id = $1 AND lower(customers.email) = $2 AND customers.deleted_at IS NULL", [[7, "person.77@mail77.org"], [19, "person.4031@mail531.org"]]),
    (2500, "SELECT customers.id, customers.full_name FROM customers WHERE customers.tenant_id = $1 AND customers.external_ref = $2", [[7, "EXT-4032"], [19, "EXT-99"]]),
    (900, "SELECT customers.id, customers.full_name, customers.phone FROM customers WHERE customers.phone LIKE $1 ORDER BY customers.phone LIMIT 10", [["+49000007%"], ["+4903401%"]]),
    (1200, "SELECT customers.id, customers.full_name FROM customers WHERE customers.full_name ILIKE $1 LIMIT 20", [["%81e728%"], ["%e4da3b%"]]),
    (300, "SELECT customers.id, customers.full_name FROM customers WHERE customers.attributes ->> 'company' = $1", [["co77"], ["co4031"]]),
    (400, "SELECT customers.id FROM customers WHERE customers.attributes @> $1", [['{"company": "co77", "tier": 1}'], ['{"city": "city12", "tier": 3, "company": "co8"}']]),
    (700, "SELECT customers.id, customers.full_name, customers.created_at FROM customers WHERE customers.tenant_id = $1 AND (customers.created_at, customers.id) < ($2, $3) ORDER BY customers.created_at DESC, customers.id DESC LIMIT 50", [[7, T, "c4ca4238-a0b9-2382-0dcc-509a6f75849b"], [19, "2024-06-01", "a87ff679-a2f3-e71d-9181-a67b7542122c"]]),
    (500, "SELECT customers.id FROM customers WHERE customers.tenant_id = $1 AND (customers.email = $2 OR customers.phone = $3)", [[7, "Person.77@Mail77.org", "+49000609763"], [19, "a@b.c", "+49000000001"]]),
    (250, "SELECT customers.id, customers.email FROM customers WHERE customers.email = $1 OR customers.external_ref = $2", [["Person.77@Mail77.org", "EXT-99"], ["a@b.c", "EXT-3"]]),
    (150, "SELECT customers.id FROM customers WHERE customers.merged_into = $1", [["c4ca4238-a0b9-2382-0dcc-509a6f75849b"], ["a87ff679-a2f3-e71d-9181-a67b7542122c"]]),
    (12000, "SELECT tickets.id, tickets.number, tickets.subject, tickets.updated_at FROM tickets WHERE tickets.tenant_id = $1 AND tickets.status IN ('new', 'open') AND NOT tickets.is_spam ORDER BY tickets.updated_at DESC LIMIT 50", [[7], [19], [402]]),
    (9000, "SELECT tickets.id, tickets.number, tickets.subject, tickets.priority FROM tickets WHERE tickets.assignee_id = $1 AND tickets.status = 'open' ORDER BY tickets.priority DESC, tickets.updated_at LIMIT 50", [[77], [1234]]),
    (6000, "SELECT count(*) FROM tickets WHERE tickets.tenant_id = $1 AND tickets.assignee_id IS NULL AND tickets.status IN ('new', 'open')", [[7], [19]]),
    (5000, "SELECT tickets.id, tickets.number, tickets.subject, tickets.created_at FROM tickets WHERE tickets.customer_id = $1 ORDER BY tickets.created_at DESC LIMIT 10", [["c4ca4238-a0b9-2382-0dcc-509a6f75849b"], ["a87ff679-a2f3-e71d-9181-a67b7542122c"]]),
    (600, "SELECT tickets.id, tickets.due_at FROM tickets WHERE tickets.due_at < $1 AND tickets.closed_at IS NULL ORDER BY tickets.due_at LIMIT 100", [["2025-06-01"], [T]]),
    (2000, "SELECT tickets.id, tickets.number, tickets.subject FROM tickets WHERE tickets.team_id = $1 AND tickets.status = $2 ORDER BY tickets.priority DESC, tickets.created_at LIMIT 100", [[77, "open"], [401, "pending"], [9, "solved"]]),
    (350, "SELECT tickets.id, tickets.number FROM tickets WHERE tickets.labels @> $1", [["{l7,l12}"], ["{l391}"]]),
    (120, "SELECT tickets.id FROM tickets WHERE tickets.labels && $1 AND tickets.status = 'new' LIMIT 50", [["{l391,l400}"], ["{l222}"]]),
    (800, "SELECT tickets.id, tickets.number FROM tickets WHERE tickets.custom ->> 'order_no' = $1", [["O4031"], ["O62"]]),
    (200, "SELECT tickets.id FROM tickets WHERE tickets.custom @> '{\"vip\": true}' AND tickets.closed_at IS NULL", [[]]),
    (450, "SELECT tickets.id, tickets.subject FROM tickets WHERE to_tsvector('english', tickets.subject) @@ websearch_to_tsquery('english', $1) LIMIT 20", [["word77"], ["word4031"]]),
    (60, "SELECT date_trunc('day', tickets.created_at) AS day, count(*) FROM tickets WHERE tickets.tenant_id = $1 AND tickets.created_at >= $2 GROUP BY 1 ORDER BY 1", [[7, T], [19, "2025-06-01"]]),
    (300, "SELECT tickets.status, count(*) FROM tickets WHERE tickets.tenant_id = $1 GROUP BY tickets.status", [[7], [19]]),
    (250, "SELECT max(tickets.updated_at) FROM tickets WHERE tickets.tenant_id = $1", [[7], [19]]),
    (200, "SELECT min(tickets.created_at) FROM tickets WHERE tickets.team_id = $1 AND tickets.status = 'new'", [[77], [401]]),
    (100, "SELECT DISTINCT ON (tickets.customer_id) tickets.customer_id, tickets.id, tickets.created_at FROM tickets WHERE tickets.tenant_id = $1 ORDER BY tickets.customer_id, tickets.created_at DESC", [[7], [19]]),
    (80, "SELECT ranked.id FROM (SELECT tickets.id, row_number() OVER (PARTITION BY tickets.assignee_id ORDER BY tickets.updated_at DESC) AS place FROM tickets WHERE tickets.team_id = $1 AND tickets.status = 'open') AS ranked WHERE ranked.place <= 3", [[77], [401]]),
    (400, "SELECT tickets.id, agents.full_name FROM tickets JOIN agents ON agents.id = tickets.assignee_id WHERE agents.team_id = $1 AND tickets.status = 'open'", [[77], [401]]),
    (50, "SELECT tickets.id FROM tickets WHERE tickets.tenant_id = $1 AND EXISTS (SELECT 1 FROM comments JOIN attachments ON attachments.comment_id = comments.id WHERE comments.ticket_id = tickets.id AND attachments.content_type = 'application/x-msdownload')", [[7], [19]]),
    (300, "SELECT tickets.id FROM tickets WHERE tickets.tenant_id = $1 AND tickets.status = 'new' AND NOT EXISTS (SELECT 1 FROM comments WHERE comments.ticket_id = tickets.id AND comments.agent_id IS NOT NULL)", [[7], [19]]),
    (90, "SELECT tickets.id, tickets.closed_at FROM tickets WHERE tickets.tenant_id = $1 ORDER BY tickets.closed_at DESC NULLS LAST LIMIT 20", [[7], [19]]),
    (70, "SELECT count(*) FROM tickets WHERE tickets.closed_at BETWEEN $1 AND $2", [["2025-06-30", "2025-07-01"], ["2025-03-01", "2025-03-03"]]),
    (1500, "SELECT live_tickets.id, live_tickets.number, live_tickets.subject FROM live_tickets WHERE live_tickets.tenant_id = $1 AND live_tickets.priority = 1 ORDER BY live_tickets.created_at LIMIT 20", [[7], [19]]),
    (20000, "SELECT comments.id, comments.body, comments.agent_id, comments.created_at FROM comments WHERE comments.ticket_id = $1 ORDER BY comments.created_at, comments.id", [[77], [4031]]),
    (3000, "SELECT comments.ticket_id, comments.id, comments.body FROM comments WHERE comments.ticket_id IN ($1, $2, $3, $4)", [[5, 77, 950, 8], [40, 41, 42, 43]]),
    (1400, "SELECT tickets.id, last.id, last.created_at FROM tickets LEFT JOIN LATERAL (SELECT comments.id, comments.created_at FROM comments WHERE comments.ticket_id = tickets.id AND NOT comments.is_internal ORDER BY comments.created_at DESC LIMIT 1) AS last ON true WHERE tickets.id IN ($1, $2, $3)", [[5, 6, 7], [100, 200, 300]]),
    (1000, "SELECT comments.ticket_id, count(*) FROM comments WHERE comments.ticket_id IN ($1, $2, $3) GROUP BY comments.ticket_id", [[5, 77, 950], [40, 41, 42]]),
    (150, "SELECT count(*) FROM comments WHERE comments.agent_id = $1 AND comments.created_at >= $2 AND comments.created_at < $3", [[78, T, U], [1234, "2025-05-01", "2025-06-01"]]),
    (500, "SELECT comments.id, comments.ticket_id FROM comments WHERE comments.customer_id = $1 ORDER BY comments.created_at DESC LIMIT 10", [["c4ca4238-a0b9-2382-0dcc-509a6f75849b"], ["a87ff679-a2f3-e71d-9181-a67b7542122c"]]),
    (350, "SELECT comments.id, comments.ticket_id FROM comments WHERE to_tsvector('english', comments.body) @@ plainto_tsquery('english', $1) LIMIT 20", [["phrase77"], ["phrase4031"]]),
    (40, "SELECT comments.id, comments.edited_at FROM comments WHERE comments.edited_at IS NOT NULL ORDER BY comments.edited_at DESC LIMIT 20", [[]]),
    (4000, "SELECT attachments.comment_id, attachments.id, attachments.filename FROM attachments WHERE attachments.comment_id IN ($1, $2, $3)", [[5, 77, 950], [40, 41, 42]]),
    (300, "SELECT attachments.id FROM attachments WHERE attachments.checksum = $1", [["c81e728d"], ["x"]]),
    (200, "SELECT sum(attachments.size_bytes) FROM attachments JOIN comments ON comments.id = attachments.comment_id WHERE comments.ticket_id = $1", [[77], [4031]]),
    (600, "SELECT tickets.id, tickets.subject FROM tickets JOIN ticket_tags ON ticket_tags.ticket_id = tickets.id WHERE ticket_tags.tag_id = $1 ORDER BY tickets.updated_at DESC LIMIT 20", [[77], [4031]]),
    (1100, "SELECT tags.name FROM tags JOIN ticket_tags ON ticket_tags.tag_id = tags.id WHERE ticket_tags.ticket_id = $1", [[77], [4030]]),
    (3000, "SELECT changes.id, changes.field, changes.new_value, changes.changed_at FROM changes WHERE changes.ticket_id = $1 ORDER BY changes.changed_at", [[77], [4031]]),
    (60, "SELECT count(*) FROM changes WHERE changes.tenant_id = $1 AND changes.field = 'status' AND changes.new_value = 'solved' AND changes.changed_at >= $2", [[7, T], [19, "2025-05-01"]]),
    (900, "SELECT changes.id, changes.field, changes.changed_at FROM changes WHERE changes.tenant_id = $1 ORDER BY changes.id DESC LIMIT 50", [[7], [19]]),
    (30, "SELECT changes.agent_id, count(*) FROM changes WHERE changes.changed_at >= $1 AND changes.changed_at < $2 GROUP BY changes.agent_id", [["2025-07-01", "2025-07-02"], ["2025-03-01", "2025-03-02"]]),
    (2500, "SELECT articles.id, articles.title, articles.body FROM articles WHERE articles.tenant_id = $1 AND articles.locale = $2 AND articles.slug = $3", [[7, "en", "how-to-605"], [19, "de", "how-to-18"]]),
    (900, "SELECT articles.id, articles.title FROM articles WHERE articles.search @@ plainto_tsquery('english', $1) AND articles.published_at IS NOT NULL LIMIT 10", [["term77"], ["topic401"]]),
    (700, "SELECT articles.id, articles.title FROM articles WHERE articles.tenant_id = $1 AND articles.published_at IS NOT NULL ORDER BY articles.position, articles.id LIMIT 30", [[7], [19]]),
    (150, "SELECT tickets.assignee_id, avg(ratings.score) FROM ratings JOIN tickets ON tickets.id = ratings.ticket_id WHERE tickets.assignee_id = $1 GROUP BY tickets.assignee_id", [[77], [1234]]),
    (60, "SELECT ratings.id, ratings.remark FROM ratings WHERE ratings.score <= 1 AND ratings.remark IS NOT NULL ORDER BY ratings.answered_at DESC LIMIT 20", [[]]),
    (7000, "SELECT deliveries.id, deliveries.payload FROM deliveries WHERE deliveries.state = 'queued' AND deliveries.next_attempt_at <= $1 ORDER BY deliveries.next_attempt_at LIMIT 10 FOR UPDATE SKIP LOCKED", [["2025-08-01 00:30+00"], ["2025-08-01 01:00+00"]]),
    (200, "SELECT deliveries.id, deliveries.endpoint, deliveries.created_at FROM deliveries WHERE deliveries.tenant_id = $1 AND deliveries.state = 'failed' ORDER BY deliveries.created_at DESC LIMIT 20", [[7], [19]]),
    (40, "SELECT deliveries.endpoint, count(*) FROM deliveries WHERE deliveries.response_code >= 500 AND deliveries.created_at >= $1 GROUP BY deliveries.endpoint", [["2025-07-20"], ["2025-07-25"]]),
    (3000, "SELECT timers.ticket_id, timers.kind FROM timers WHERE timers.stopped_at IS NULL AND timers.breaches_at < $1 ORDER BY timers.breaches_at LIMIT 50", [["2025-07-01"], ["2024-01-01"]]),
    (250, "SELECT shifts.agent_id FROM shifts WHERE shifts.during @> $1::timestamptz", [["2025-07-01 10:00+00"], ["2024-03-01 01:00+00"]]),
    (100, "SELECT shifts.id FROM shifts WHERE shifts.agent_id = $1 AND shifts.during && tstzrange($2, $3)", [[77, T, U], [1234, "2024-03-01", "2024-03-08"]]),
    (400, "SELECT calls.id, calls.started_at, calls.seconds FROM calls WHERE calls.phone = $1 ORDER BY calls.started_at DESC LIMIT 10", [["+49000104729"], ["+49000209458"]]),
    (80, "SELECT calls.agent_id, sum(calls.seconds) FROM calls WHERE calls.tenant_id = $1 AND calls.started_at >= $2 GROUP BY calls.agent_id", [[7, T], [19, "2025-05-01"]]),
    (500, "SELECT 'comment' AS kind, comments.id, comments.created_at FROM comments WHERE comments.ticket_id = $1 UNION ALL SELECT 'change', changes.id, changes.changed_at FROM changes WHERE changes.ticket_id = $1 ORDER BY 3 DESC LIMIT 30", [[77], [4031]]),
    (120, "WITH mine AS MATERIALIZED (SELECT watchers.ticket_id FROM watchers WHERE watchers.agent_id = $1) SELECT tickets.id, tickets.updated_at FROM tickets JOIN mine ON mine.ticket_id = tickets.id WHERE tickets.status <> 'closed' ORDER BY tickets.updated_at DESC LIMIT 20", [[44], [1292]]),
)  # fmt: skip
WRITES: Lines = (
    (3000, "INSERT INTO tickets (id, tenant_id, number, customer_id, status, priority, channel, subject, labels, custom, is_spam, created_at, updated_at) VALUES ($1, $2, $3, $4, 'new', 1, 'web', 'x', '{}', '{}', false, now(), now())", [[-1, 7, -1, "c4ca4238-a0b9-2382-0dcc-509a6f75849b"]]),
    (9000, "INSERT INTO comments (id, ticket_id, is_internal, body, created_at) VALUES ($1, $2, false, 'x', now())", [[-1, 77]]),
    (15000, "INSERT INTO changes (id, tenant_id, ticket_id, field, changed_at) VALUES ($1, $2, $3, 'status', now())", [[-1, 7, 77]]),
    (8000, "UPDATE tickets SET status = $1, updated_at = now() WHERE tickets.id = $2", [["open", 77]]),
    (30000, "UPDATE tokens SET last_used_at = now() WHERE tokens.id = $1", [[77]]),
    (25000, "UPDATE articles SET view_count = view_count + 1 WHERE articles.id = $1", [[77]]),
    (20, "UPDATE tickets SET assignee_id = NULL WHERE tickets.assignee_id = $1 AND tickets.status <> 'closed'", [[77]]),
    (30, "DELETE FROM tickets WHERE tickets.id = $1", [[77]]),
    (10, "DELETE FROM customers WHERE customers.id = $1", [["c4ca4238-a0b9-2382-0dcc-509a6f75849b"]]),
)  # fmt: skip
TRAPS: Lines = (
    (100, "SELECT tickets.id FROM tickets WHERE NOT tickets.is_spam", [[]]),
    (100, "SELECT tickets.id FROM tickets WHERE tickets.updated_at::date = $1", [["2025-07-01"]]),
    (100, "SELECT customers.id FROM customers WHERE customers.id::text LIKE $1", [["%ab"]]),
    (100, "SELECT articles.id, articles.title FROM articles ORDER BY random() LIMIT 3", [[]]),
    (100, "SELECT teams.id, teams.name FROM teams WHERE teams.tenant_id = $1", [[7]]),
    (4000, "SELECT tickets.id, tickets.subject FROM tickets WHERE tickets.tenant_id = $1 AND tickets.number = $2", [[7, 77]]),
)  # fmt: skip


def lines(*, traps: bool = True, writes: bool = True) -> Iterator[dict[str, Any]]:
    """Workload lines."""
    for calls, sql, params in (*READS, *(WRITES if writes else ()), *(TRAPS if traps else ())):
        yield {"sql": sql, "params": params, "calls": calls}
