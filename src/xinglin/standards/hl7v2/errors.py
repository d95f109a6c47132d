"""Why a message, or a file of messages, can't be taken."""

from xinglin.core.errors import IntakeError


class NotAMessage(IntakeError):
    """Bytes that begin with no message header."""

    code = "XL7101"
    message = "This isn't an HL7 v2 message: it doesn't begin with a usable MSH segment."
    remedy = "Send each message from its MSH segment on, with the delimiters in MSH-1 and MSH-2."
    issue = "structure"


class MessageTooLong(IntakeError):
    """A message beyond the bound."""

    code = "XL7102"
    message = "The message is longer than {limit} bytes."
    remedy = "Send large documents as a reference (value type RP); check that the end of the frame is sent."
    issue = "too-long"


class NoMessageType(IntakeError):
    """MSH-9 says nothing."""

    code = "XL7103"
    message = "MSH-9 doesn't say of which type the message is."
    remedy = "Fill MSH-9 with message code and trigger event, such as ADT^A01."
    issue = "required"


class UnknownEvent(IntakeError):
    """A type of message that has no mapping."""

    code = "XL7104"
    message = "Messages of the type {event} aren't understood here."
    remedy = "Check MSH-9; the page `Connect your system: HL7 v2` lists what is understood. Send no others."
    issue = "not-supported"


class SegmentMissing(IntakeError):
    """A segment that the event can't do without."""

    code = "XL7105"
    message = "A message {event} needs a segment {segment}, and this one has none."
    remedy = "Have the sending system add the segment {segment}."
    issue = "required"


class FieldMissing(IntakeError):
    """A field that the event can't do without."""

    code = "XL7106"
    message = "{place} is empty, but a message {event} can't be understood without it."
    remedy = "Fill {place} in the sending system and send the message again."
    issue = "required"


class UnknownCharset(IntakeError):
    """MSH-18 names a character set that isn't known."""

    code = "XL7108"
    message = 'MSH-18 names the character set "{charset}", which isn\'t known here.'
    remedy = "Use a name of HL7 table 0211, such as UNICODE UTF-8 or GB 18030-2000, or leave MSH-18 empty."
    issue = "not-supported"


class TimeMissing(IntakeError):
    """No usable time of the message."""

    code = "XL7109"
    message = '{place} doesn\'t hold a date and time of HL7 ("{found}").'
    remedy = (
        "Write dates and times as YYYYMMDDHHMMSS, with a zone such as +0800 where it isn't the source's own."
    )
    issue = "value"


class TooManySegments(IntakeError):
    """A message with more segments than any real one."""

    code = "XL7110"
    message = "The message has more than {limit} segments."
    remedy = "Split it into several messages."
    issue = "too-costly"


class BrokenFrame(IntakeError):
    """Bytes outside of an MLLP frame, or a frame that another began in."""

    code = "XL7111"
    message = "The message isn't framed as MLLP asks: VT before it, FS and CR behind it."
    remedy = "Send each message as one whole frame, and wait for its answer before sending the next."
    issue = "structure"
