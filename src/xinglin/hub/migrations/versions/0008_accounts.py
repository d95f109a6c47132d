"""People's accounts, roles and sessions."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply the step."""
    op.get_bind().exec_driver_sql(SQL)


SQL = """
CREATE TABLE account (
    login text COLLATE "C" PRIMARY KEY,     -- as trust/login/names.py writes it; never given to somebody else
    name text NOT NULL,
    made timestamptz NOT NULL,
    disabled timestamptz,
    expires timestamptz,
    password text,                          -- argon2id in its standard form; null: none is set
    password_set timestamptz,
    one_time_until timestamptz,             -- an administrator made it: to be changed at login, before this
    issuer text,                            -- who the site's provider knows by subject
    subject text,
    totp_secret bytea,                      -- sealed by the login key
    totp_since timestamptz,                 -- null: nobody has shown yet that an authenticator has it
    totp_step bigint NOT NULL DEFAULT 0,    -- of the last code that was used
    CHECK ((issuer IS NULL) = (subject IS NULL)),
    UNIQUE (issuer, subject)
);
COMMENT ON TABLE account IS 'people who may log in; none is ever removed, so that the audit log stays true';

CREATE TABLE account_password (
    login text COLLATE "C" NOT NULL REFERENCES account,
    at timestamptz NOT NULL,
    password text NOT NULL,
    PRIMARY KEY (login, at)
);
COMMENT ON TABLE account_password IS 'hashes of earlier passwords, which can not be used again';

CREATE TABLE account_recovery (
    login text COLLATE "C" NOT NULL REFERENCES account,
    hash bytea NOT NULL,
    PRIMARY KEY (login, hash)
);
COMMENT ON TABLE account_recovery IS 'codes for who lost their authenticator; each works once';

CREATE TABLE account_role (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    login text COLLATE "C" NOT NULL REFERENCES account,
    role text NOT NULL,
    institution text,                       -- id of an Organization
    department text,                        -- id of an Organization
    practitioner text,                      -- id of a Practitioner
    patient text,                           -- id of a Patient
    since timestamptz NOT NULL,
    until timestamptz,
    given_by text NOT NULL,
    given timestamptz NOT NULL,
    revoked timestamptz,
    revoked_by text,
    CHECK (until > since)
);
COMMENT ON TABLE account_role IS 'roles that accounts have or had';
CREATE INDEX account_role_login ON account_role (login) WHERE revoked IS NULL;
CREATE UNIQUE INDEX account_role_duty ON account_role (login) WHERE revoked IS NULL
    AND role IN ('system-administrator', 'security-administrator', 'audit-administrator');
COMMENT ON INDEX account_role_duty IS 'the three duties are kept apart: an account has one of them at most';

CREATE TABLE account_address (
    login text COLLATE "C" NOT NULL REFERENCES account,
    address text NOT NULL,
    seen timestamptz NOT NULL,
    PRIMARY KEY (login, address)
);
COMMENT ON TABLE account_address IS 'where people logged in before: strangers can not lock them out there';

CREATE TABLE login_attempt (
    key bytea PRIMARY KEY,                  -- hash of what is counted; see trust/login/attempts.py
    login bytea,                            -- hash of the login name; null: an address alone is counted
    failures integer NOT NULL,
    locks integer NOT NULL,
    at timestamptz NOT NULL,
    locked_until timestamptz
);
COMMENT ON TABLE login_attempt IS 'failed logins lately, of accounts and of names that nobody has alike';
CREATE INDEX login_attempt_at ON login_attempt (at);
CREATE INDEX login_attempt_login ON login_attempt (login);

CREATE TABLE login_session (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    hash bytea NOT NULL UNIQUE,             -- of the token, which only the browser has
    login text COLLATE "C" NOT NULL REFERENCES account,
    stage text NOT NULL CHECK (stage IN ('code', 'password', 'authenticator', 'in')),
    how text NOT NULL,                      -- by what it was proved who it is
    post bigint REFERENCES account_role,    -- the role in whose post they work; null: the first
    address text NOT NULL,
    program text NOT NULL,                  -- what the browser calls itself
    made timestamptz NOT NULL,
    seen timestamptz NOT NULL,
    ends timestamptz NOT NULL
);
COMMENT ON TABLE login_session IS 'who is logged in, or on the way there';
CREATE INDEX login_session_login ON login_session (login);
CREATE INDEX login_session_ends ON login_session (ends);

CREATE TABLE login_flow (
    state bytea PRIMARY KEY,                -- hash of the state that the provider gives back
    browser bytea NOT NULL,                 -- hash of the secret that the browser keeps meanwhile
    next text NOT NULL,
    ends timestamptz NOT NULL
);
COMMENT ON TABLE login_flow IS 'logins by the provider that have begun';
"""
