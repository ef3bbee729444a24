/// A value that a rendering is given, as JSON has it.
package indirect enum JinjaData: Sendable {
    case none
    case bool(Bool)
    /// The number's own text: with a point or an exponent it is a float of Python's, else a whole number.
    case number(String)
    case text(String)
    case list([JinjaData])
    case dictionary([(key: String, value: JinjaData)])

    /// - Throws: `JinjaFailure` where it is nested too deep, or holds a whole number of more than 64 bits.
    func value() throws -> JinjaValue {
        switch self {
        case .none: return .none
        case .bool(let value): return .bool(value)
        case .number(let text):
            if let whole = Int(text) { return .int(whole) }
            guard text.contains(where: { ".eE".contains($0) }), let real = Double(text) else {
                throw JinjaFailure.unsupported("the whole number \(text.prefix(40)) of more than 64 bits")
            }
            return .float(real)
        case .text(let text): return .text(text)
        case .list(let values): return .list(try JinjaSequence(values.map { try $0.value() }))
        case .dictionary(let members):
            return .dictionary(try JinjaDictionary(members.map { (.text($0.key), try $0.value.value()) }))
        }
    }

    /// About as many as its text has.
    var bytes: Int {
        switch self {
        case .none, .bool: 8
        case .number(let text), .text(let text): text.utf8.count + 8
        case .list(let values): values.reduce(8) { $0 + $1.bytes }
        case .dictionary(let members): members.reduce(8) { $0 + $1.key.utf8.count + $1.value.bytes + 8 }
        }
    }
}
