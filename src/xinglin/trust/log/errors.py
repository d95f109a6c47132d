"""What can be wrong with the audit log: codes XL9001 to XL9020."""

from xinglin.core.errors import TrustError


class OtherAlgorithm(TrustError):
    """A tree is hashed one way from its first entry on."""

    code = "XL9001"
    message = "The audit log was begun with the hash {found}; the setting audit_hash says {wanted}."
    remedy = "Set audit_hash to {found}. A log with another hash begins with another database."
    status = 500
    issue = "exception"
    exit_code = 10


class NoSuchEntry(TrustError):
    """The log has no entry of this number."""

    code = "XL9002"
    message = "The audit log has no entry {number}; it has {size} entries, counted from 0."
    remedy = "Give a number below that."
    status = 404
    issue = "not-found"
    exit_code = 12


class BrokenLog(TrustError):
    """The tables of the log aren't what was written."""

    code = "XL9003"
    message = "The audit log isn't what it was: {detail}."
    remedy = (
        "Stop work on the database, keep a copy as it is, and call the audit administrator. "
        "`xinglin audit verify` says how far the log can be trusted."
    )
    status = 500
    issue = "security"


class NotSigned(TrustError):
    """A checkpoint lacks a valid signature of the log."""

    code = "XL9004"
    message = "The checkpoint has no valid signature of {name}."
    remedy = "Compare the public key with what the hub's operator gave you; `xinglin audit keys` prints it."
    issue = "security"


class NotANote(TrustError):
    """What should be a signed note or a key can't be read."""

    code = "XL9005"
    message = "{what} can't be read: it isn't in the form of a signed note (C2SP)."
    remedy = "Give it as the hub or the witness wrote it, unchanged."
    status = 400
    issue = "invalid"
    exit_code = 12


class Rollback(TrustError):
    """The log is shorter than it was."""

    code = "XL9006"
    message = (
        "The log {origin} has {size} entries; it had {known} when it was last seen. Entries were removed."
    )
    remedy = (
        "Nothing was signed. Keep both checkpoints: together they prove it. Call the audit administrator."
    )
    status = 409
    issue = "conflict"


class Fork(TrustError):
    """The log isn't a continuation of what it was."""

    code = "XL9007"
    message = "The log {origin} with {size} entries doesn't continue what it was with {known}."
    remedy = (
        "Nothing was signed. Keep both checkpoints: together they prove it. Call the audit administrator."
    )
    status = 422
    issue = "conflict"


class OtherLog(TrustError):
    """A witness watches one log."""

    code = "XL9008"
    message = "This witness watches the log {known}, not {found}."
    remedy = "Give each log a witness with a folder of its own."
    status = 404
    issue = "not-found"


class UnusableKey(TrustError):
    """The file of a signing key can't be used."""

    code = "XL9009"
    message = "The signing key in {file} can't be used: {detail}."
    remedy = "Restore the file from its backup. Without it the log goes on with a new key, to be made known."
    status = 500
    issue = "security"


class NoCheckpoint(TrustError):
    """Nothing has been signed yet."""

    code = "XL9010"
    message = "The audit log has no checkpoint yet."
    remedy = "Run `xinglin audit checkpoint`, or wait until the hub makes one."
    status = 404
    issue = "not-found"
    exit_code = 12


class NoSuchAlert(TrustError):
    """No open alert has this number."""

    code = "XL9011"
    message = "There is no open alert {number}."
    remedy = "`xinglin audit alerts list` shows those that are open."
    status = 404
    issue = "not-found"
    exit_code = 12


class BadRule(TrustError):
    """The table of alert rules can't be used."""

    code = "XL9012"
    message = "The table of alert rules {file} can't be used at line {line}: {detail}."
    remedy = "Correct the line; `docs/auditor.md` says what each column means."
    status = 500
    issue = "exception"
    exit_code = 10


class UnusableExport(TrustError):
    """A folder isn't an export of an audit log."""

    code = "XL9013"
    message = "{folder} isn't an export of an audit log: {detail}."
    remedy = "Give a folder that `xinglin audit export` wrote, whole and unchanged."
    status = 400
    issue = "invalid"
    exit_code = 12


class WitnessRefuses(TrustError):
    """A witness didn't put its name to a checkpoint."""

    code = "XL9014"
    message = "The witness at {address} didn't sign the checkpoint: {detail}."
    remedy = "If it says that the log doesn't continue what it knows, call the audit administrator at once."
    status = 502
    issue = "security"


class Behind(TrustError):
    """Who asks a witness doesn't start from where it is."""

    code = "XL9015"
    message = "This witness knows the log with {size} entries; the proof must start from there."
    remedy = "Send the consistency proof from that size; a hub does so by itself."
    status = 409
    issue = "conflict"
