/// Why a template cannot be read or rendered, and where.
package struct JinjaError: Error {
    package let failure: JinjaFailure
    /// From 1.
    package let line: Int
}

/// What went wrong, for the place that knows the line to make a `JinjaError` of it.
package enum JinjaFailure: Error {
    /// What Python or Jinja would raise.
    case python(String)
    /// The template's own `raise_exception`.
    case raised(String)
    /// Valid Jinja that this interpreter does not know.
    case unsupported(String)
    /// The template exceeds one of its bounds.
    case limit(String)

    func error(line: Int) -> JinjaError { JinjaError(failure: self, line: line) }
}
