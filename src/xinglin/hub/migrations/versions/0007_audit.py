"""The audit log: entries, the Merkle tree over them, checkpoints, alerts."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE audit_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    origin text NOT NULL DEFAULT 'xinglin/audit/' || gen_random_uuid(), -- the log's name in checkpoints
    algorithm text NOT NULL DEFAULT '' CHECK (algorithm IN ('', 'sha256', 'sm3')), -- empty: no entry yet
    size bigint NOT NULL DEFAULT 0,         -- how many entries there are
    peaks bytea NOT NULL DEFAULT ''         -- roots of the complete subtrees at its right edge, largest first
) WITH (fillfactor = 10);
COMMENT ON TABLE audit_head IS 'how far the audit log has grown; its lock puts writers in a row. One row';
INSERT INTO audit_head DEFAULT VALUES;

CREATE TABLE audit_entry (
    number bigint PRIMARY KEY,              -- place in the tree, from 0 without holes
    at timestamptz NOT NULL,
    who text COLLATE "C" NOT NULL,
    action text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    keys bigint[] NOT NULL,                 -- hashes of patients, records, session; see trust/log/rows.py
    leaf bytea NOT NULL,                    -- hash of the body as a leaf of the tree (RFC 9162)
    body bytea NOT NULL                     -- the entry itself: JSON, see trust/log/entry.py
);
COMMENT ON TABLE audit_entry IS 'who did or tried what; only ever added to. All columns follow from body';
CREATE INDEX audit_entry_at ON audit_entry (at, number);
CREATE INDEX audit_entry_who ON audit_entry (who, at, number);
CREATE INDEX audit_entry_outcome ON audit_entry (outcome, at, number) WHERE outcome <> 'allowed';
CREATE INDEX audit_entry_keys ON audit_entry USING gin (keys);

CREATE TABLE audit_node (
    level smallint NOT NULL,                -- the node spans 2^level entries
    place bigint NOT NULL,                  -- from entry place * 2^level on
    hash bytea NOT NULL,
    PRIMARY KEY (level, place)
);
COMMENT ON TABLE audit_node IS 'inner nodes of the tree that are complete, from level 6 up';

CREATE TABLE audit_checkpoint (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    size bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    note text NOT NULL                      -- signed note (C2SP tlog-checkpoint)
);
COMMENT ON TABLE audit_checkpoint IS 'what the log has sworn to: its size and root, signed';
CREATE INDEX audit_checkpoint_size ON audit_checkpoint (size);

CREATE TABLE audit_cosignature (
    checkpoint bigint NOT NULL REFERENCES audit_checkpoint,
    witness text NOT NULL,                  -- the witness's name
    at timestamptz NOT NULL DEFAULT now(),
    line text NOT NULL,                     -- signature line of a signed note (C2SP tlog-cosignature)
    PRIMARY KEY (checkpoint, witness)
);
COMMENT ON TABLE audit_cosignature IS 'what witnesses have put their names to';

CREATE TABLE audit_key (
    verifier text PRIMARY KEY,              -- public key (C2SP vkey)
    role text NOT NULL CHECK (role IN ('log', 'witness')),
    address text NOT NULL DEFAULT '',       -- of a witness: where it is asked; empty: by hand
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE audit_key IS 'public keys that checkpoints and cosignatures were signed with';

CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log only grows: %% on %% is refused', tg_op, tg_table_name; END $$;
CREATE TRIGGER audit_entry_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_node_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_node
    EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_checkpoint_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoint
    EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_cosignature_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_cosignature
    EXECUTE FUNCTION audit_only_grows();

CREATE TABLE audit_follow (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    place bigint NOT NULL DEFAULT 0,        -- number of the next entry to look at
    updated timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE audit_follow IS 'how far the alert rules have followed the log; one row';
INSERT INTO audit_follow DEFAULT VALUES;

CREATE TABLE audit_tally (
    rule text COLLATE "C" NOT NULL,
    who text COLLATE "C" NOT NULL,
    item text COLLATE "C" NOT NULL,         -- what is counted: a patient, or an entry's number
    at timestamptz NOT NULL,                -- when last
    number bigint NOT NULL,                 -- of the last entry
    PRIMARY KEY (rule, who, item)
);
COMMENT ON TABLE audit_tally IS 'what rules with a threshold have counted within their time';
CREATE INDEX audit_tally_at ON audit_tally (at);

CREATE TABLE audit_alert (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    rule text COLLATE "C" NOT NULL,
    who text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,      -- the patient it is about; empty: several
    severity text NOT NULL,
    count integer NOT NULL,
    first bigint NOT NULL,                  -- entries of the log it rests on
    last bigint NOT NULL,
    at timestamptz NOT NULL,                -- of the last entry
    raised timestamptz NOT NULL DEFAULT now(),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    closed timestamptz,
    closed_by text,
    why text
);
COMMENT ON TABLE audit_alert IS 'what the security administrator should look at';
CREATE UNIQUE INDEX audit_alert_open ON audit_alert (rule, who, subject) WHERE state = 'open';
"""
