"""Why a DICOM object can't be taken."""

from xinglin.core.errors import IntakeError


class DamagedHeader(IntakeError):
    """A header that can't be read to its end."""

    code = "XL7350"
    message = "The DICOM header can't be read: {detail}."
    remedy = "Send the object again from the archive; it may have been cut off on the way."
    issue = "structure"


class HeaderTooLarge(IntakeError):
    """A header longer than any real one."""

    code = "XL7351"
    message = "The DICOM header doesn't end within {limit} MB."
    remedy = "Send the object as the archive holds it; what stands before the pixels must be shorter."
    issue = "too-long"


class DirectoryRefused(IntakeError):
    """A DICOMDIR, which only lists objects."""

    code = "XL7352"
    message = "This is a DICOMDIR: it lists the objects of a disc and says less of them than they do."
    remedy = "Send the objects themselves, which the directory names."
    issue = "not-supported"


class WithoutUid(IntakeError):
    """An object that doesn't say what it is, or to which study and series it belongs."""

    code = "XL7353"
    message = "The DICOM object has no usable {name}."
    remedy = "Have the archive or the modality give every object its study, series and instance UID (PS3.3)."
    issue = "required"
