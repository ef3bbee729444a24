import ModelFiles

/// An error whose description is fit to be printed: what is wrong, where, and what to do; a line for each fault.
public protocol ReportedError: Error, CustomStringConvertible {
    var kind: ReportedErrorKind { get }
}

/// The meaning of an error for the caller: see the exit codes of the command line.
public enum ReportedErrorKind: Sendable {
    /// Something failed.
    case failure
    /// The arguments or the configuration cannot be used.
    case usage
    /// Work ended on request before it was done.
    case stopped
}

extension SelfImproveError: ReportedError {
    public var kind: ReportedErrorKind {
        switch code {
        case .configuration, .input, .notFound, .ambiguous, .refused: .usage
        case .interrupted: .stopped
        case .damaged, .file, .full, .readOnly, .busy, .unreachable, .unanswered, .withheld, .failed: .failure
        }
    }
}

extension LocalLMError: ReportedError {
    public var kind: ReportedErrorKind {
        switch code {
        case .input, .unsupported: .usage
        case .file, .full, .readOnly, .damaged: .failure
        }
    }
}
