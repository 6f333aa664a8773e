-- Format 1 of the catalogue.
--
-- Identifiers are 16 bytes. Times are microseconds since the Unix epoch, UTC. Metadata and definitions are packed bytes
-- (domain::metadata, domain::meter). Text is compared and ordered by code point.

CREATE TABLE organizations (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    -- What is outside metering, as the server writes it on the wire.
    settings TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER
) STRICT;

CREATE TABLE tokens (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    -- A keyed hash of the secret; the secret is nowhere.
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    comment TEXT NOT NULL,
    -- Names, a space between them.
    scopes TEXT NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    created_at INTEGER NOT NULL,
    modified_at INTEGER
) STRICT;

CREATE INDEX tokens_by_organization ON tokens (organization);

CREATE TABLE customers (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    kind TEXT NOT NULL,
    external_id TEXT,
    former_external_id TEXT,
    email TEXT,
    -- The address without the difference of case, by the simple case folding of Unicode.
    email_folded TEXT,
    name TEXT,
    address_country TEXT,
    address_line1 TEXT,
    address_line2 TEXT,
    address_postal_code TEXT,
    address_city TEXT,
    address_state TEXT,
    tax_id TEXT,
    tax_id_format TEXT,
    locale TEXT,
    metadata BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER,
    deleted_at INTEGER,
    CHECK ((email IS NULL) = (email_folded IS NULL)),
    CHECK ((tax_id IS NULL) = (tax_id_format IS NULL)),
    CHECK (deleted_at IS NULL OR external_id IS NULL)
) STRICT;

CREATE UNIQUE INDEX customers_by_email ON customers (organization, email_folded) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX customers_by_external_id ON customers (organization, external_id) WHERE deleted_at IS NULL;
-- In the order in which they are listed by default.
CREATE INDEX customers_by_creation ON customers (organization, created_at DESC, id) WHERE deleted_at IS NULL;

CREATE TABLE meters (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    unit TEXT NOT NULL,
    custom_label TEXT,
    custom_multiplier INTEGER,
    definition BLOB NOT NULL,
    metadata BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    archived_at INTEGER,
    stands_since INTEGER
) STRICT;

-- In the order in which they are listed by default.
CREATE INDEX meters_by_name ON meters (organization, name, id);

CREATE TABLE grants (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    benefit BLOB NOT NULL,
    customer BLOB NOT NULL REFERENCES customers (id),
    granted_at INTEGER,
    revoked_at INTEGER,
    -- What it credited last.
    credited_meter BLOB,
    credited_units INTEGER,
    credited_rollover INTEGER,
    credited_at INTEGER,
    created_at INTEGER NOT NULL,
    modified_at INTEGER,
    CHECK ((granted_at IS NULL) <> (revoked_at IS NULL)),
    CHECK ((credited_meter IS NULL) = (credited_at IS NULL))
) STRICT;

-- A customer has a benefit once.
CREATE UNIQUE INDEX grants_in_force ON grants (benefit, customer) WHERE revoked_at IS NULL;
CREATE INDEX grants_by_customer ON grants (customer, created_at, id);
-- In the orders in which they are listed by default.
CREATE INDEX grants_by_creation ON grants (organization, created_at DESC, id);
CREATE INDEX grants_by_benefit ON grants (benefit, created_at DESC, id);

-- What is about to happen to grants. A row is there before the events that tell of it are written, and goes with the change of the
-- grant, so that after a crash the rest is done.
CREATE TABLE grant_steps (
    -- The key of the first of the events.
    key TEXT NOT NULL,
    organization BLOB NOT NULL REFERENCES organizations (id),
    grant_id BLOB NOT NULL,
    benefit BLOB NOT NULL,
    customer BLOB NOT NULL REFERENCES customers (id),
    change TEXT NOT NULL,
    -- What is credited; negative units take some back.
    meter BLOB,
    units INTEGER,
    rollover INTEGER,
    -- Whether a new window begins before.
    resets INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (organization, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX grant_steps_by_customer ON grant_steps (organization, customer);
CREATE INDEX grant_steps_by_benefit ON grant_steps (organization, benefit);

CREATE TABLE benefits (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    description TEXT NOT NULL,
    visibility TEXT NOT NULL,
    -- Of which meter how many units are credited, and whether what is left of them passes on.
    meter BLOB NOT NULL REFERENCES meters (id),
    units INTEGER NOT NULL,
    rollover INTEGER NOT NULL CHECK (rollover IN (0, 1)),
    metadata BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    modified_at INTEGER,
    deleted_at INTEGER
) STRICT;

-- In the order in which they are listed by default.
CREATE INDEX benefits_by_creation ON benefits (organization, created_at DESC, id) WHERE deleted_at IS NULL;
CREATE INDEX benefits_by_meter ON benefits (meter) WHERE deleted_at IS NULL;

-- The persons of teams. They go when their customer is deleted.
CREATE TABLE members (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    customer BLOB NOT NULL REFERENCES customers (id),
    email TEXT NOT NULL,
    name TEXT,
    external_id TEXT,
    created_at INTEGER NOT NULL,
    modified_at INTEGER
) STRICT;

CREATE INDEX members_by_customer ON members (customer);

CREATE TABLE customer_sessions (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    customer BLOB NOT NULL REFERENCES customers (id),
    -- A keyed hash of the secret; the secret is nowhere.
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    return_url TEXT,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX customer_sessions_by_customer ON customer_sessions (customer);

-- What a person says that events of a name are called.
CREATE TABLE event_labels (
    organization BLOB NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL,
    label TEXT NOT NULL,
    -- The property that an event is called by instead, when it has text there.
    property_selector TEXT,
    modified_at INTEGER NOT NULL,
    PRIMARY KEY (organization, name)
) STRICT, WITHOUT ROWID;

-- Where organizations want to be told of things. A deleted one keeps its row as long as there are events or deliveries of it.
CREATE TABLE webhook_endpoints (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    url TEXT NOT NULL,
    name TEXT,
    format TEXT NOT NULL,
    -- Signs what is sent, and is shown to the organization: it is kept as it is. Empty once the endpoint is deleted.
    secret TEXT NOT NULL,
    -- Names of types, a space between them.
    events TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    -- How many events in a row failed for good.
    failed_events INTEGER NOT NULL,
    -- How many attempts in a row failed, and when the first of them did.
    failed_attempts INTEGER NOT NULL,
    failing_since INTEGER,
    created_at INTEGER NOT NULL,
    modified_at INTEGER,
    deleted_at INTEGER
) STRICT;

-- In the order in which they are listed.
CREATE INDEX webhook_endpoints_by_creation ON webhook_endpoints (organization, created_at DESC, id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_endpoints_by_deletion ON webhook_endpoints (deleted_at) WHERE deleted_at IS NOT NULL;

-- What is sent, once for all endpoints that are told it.
CREATE TABLE webhook_payloads (
    -- In the order in which they were written.
    id INTEGER NOT NULL PRIMARY KEY,
    organization BLOB NOT NULL REFERENCES organizations (id),
    -- Of the body.
    bytes INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX webhook_payloads_by_organization ON webhook_payloads (organization, id);
CREATE INDEX webhook_payloads_by_age ON webhook_payloads (created_at);

-- How many bytes the payloads of each organization have, as the triggers below count them.
CREATE TABLE webhook_payload_sizes (
    organization BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id),
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What endpoints are told.
CREATE TABLE webhook_events (
    -- In the order in which they were written, which is that of first attempts.
    sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    endpoint BLOB NOT NULL REFERENCES webhook_endpoints (id),
    kind TEXT NOT NULL,
    -- Whom it tells of, if it is a customer.
    customer BLOB CHECK (length(customer) = 16),
    -- Null once it is not kept any more.
    payload INTEGER REFERENCES webhook_payloads (id),
    succeeded INTEGER,
    skipped INTEGER NOT NULL CHECK (skipped IN (0, 1)),
    last_http_code INTEGER,
    attempts INTEGER NOT NULL,
    -- How often it was asked for again. An attempt that was on its way meanwhile is one of an earlier round.
    redeliveries INTEGER NOT NULL,
    -- Null: none is to be made. What has no payload does not wait.
    next_attempt_at INTEGER CHECK (next_attempt_at IS NULL OR payload IS NOT NULL),
    created_at INTEGER NOT NULL,
    modified_at INTEGER
) STRICT;

CREATE INDEX webhook_events_by_endpoint ON webhook_events (endpoint, sequence);
CREATE INDEX webhook_events_by_payload ON webhook_events (payload);
CREATE INDEX webhook_events_by_customer ON webhook_events (customer) WHERE payload IS NOT NULL;
-- Those that wait for their first attempt, and those that wait for another.
CREATE INDEX webhook_events_new ON webhook_events (endpoint, sequence) WHERE next_attempt_at IS NOT NULL AND attempts = 0;
CREATE INDEX webhook_events_again ON webhook_events (endpoint, next_attempt_at, sequence) WHERE next_attempt_at IS NOT NULL AND attempts > 0;

CREATE TRIGGER webhook_payload_written AFTER INSERT ON webhook_payloads BEGIN
    INSERT INTO webhook_payload_sizes (organization, bytes) VALUES (new.organization, new.bytes)
    ON CONFLICT (organization) DO UPDATE SET bytes = bytes + excluded.bytes;
END;

-- What still waits to be sent with a payload that goes, waits no more.
CREATE TRIGGER webhook_payload_dropped BEFORE DELETE ON webhook_payloads BEGIN
    UPDATE webhook_payload_sizes SET bytes = bytes - old.bytes WHERE organization = old.organization;
    UPDATE webhook_events SET payload = NULL, skipped = skipped OR next_attempt_at IS NOT NULL, next_attempt_at = NULL
    WHERE payload = old.id;
END;

-- A payload goes with the last event that is told with it.
CREATE TRIGGER webhook_event_dropped AFTER DELETE ON webhook_events WHEN old.payload IS NOT NULL BEGIN
    DELETE FROM webhook_payloads
    WHERE id = old.payload AND NOT EXISTS (SELECT 1 FROM webhook_events WHERE payload = old.payload);
END;

-- Attempts to tell an endpoint.
CREATE TABLE webhook_deliveries (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    endpoint BLOB NOT NULL REFERENCES webhook_endpoints (id),
    event BLOB NOT NULL REFERENCES webhook_events (id),
    kind TEXT NOT NULL,
    succeeded INTEGER NOT NULL CHECK (succeeded IN (0, 1)),
    http_code INTEGER,
    response TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- In the order in which they are listed: of an organization, and of an endpoint.
CREATE INDEX webhook_deliveries_by_creation ON webhook_deliveries (organization, created_at DESC, id);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint, created_at DESC, id, organization);
CREATE INDEX webhook_deliveries_by_event ON webhook_deliveries (event);

-- Customers whose state is to be told, each once for all that changed.
CREATE TABLE state_changes (
    organization BLOB NOT NULL REFERENCES organizations (id),
    customer BLOB NOT NULL CHECK (length(customer) = 16),
    due_at INTEGER NOT NULL,
    -- Told only if a customer meter changed at this time or later; null: told in any case.
    since INTEGER,
    -- How often it was written, so that a change that comes while the state is told is not lost.
    changes INTEGER NOT NULL,
    PRIMARY KEY (organization, customer)
) STRICT, WITHOUT ROWID;

CREATE INDEX state_changes_by_due ON state_changes (organization, due_at);

-- Customers of whose last change an endpoint was not told, because it was behind when the others were.
CREATE TABLE missed_states (
    endpoint BLOB NOT NULL CHECK (length(endpoint) = 16),
    organization BLOB NOT NULL REFERENCES organizations (id),
    customer BLOB NOT NULL CHECK (length(customer) = 16),
    PRIMARY KEY (endpoint, customer)
) STRICT, WITHOUT ROWID;

CREATE INDEX missed_states_by_organization ON missed_states (organization);

-- Organizations that are told of usage: the ordinal of the first event of theirs that was not looked at for it.
CREATE TABLE usage_positions (
    organization BLOB NOT NULL PRIMARY KEY REFERENCES organizations (id),
    ordinal INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What the server keeps of itself.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
