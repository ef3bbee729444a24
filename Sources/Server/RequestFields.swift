import Foundation
import Hummingbird
import ModelFiles
import SelfImprove

/// The members of a request's body. Each is read by its name; `finish` refuses what nobody asked for, because a
/// parameter that is passed over in silence gives another answer than the client wanted.
final class RequestFields {
    private let json: JSONValue
    /// The member whose members these are, with a point behind it; empty for the body's own.
    private let place: String
    private var asked: [String] = []

    /// - Parameter mayBeEmpty: whether a request without a body is one without parameters.
    /// - Throws: `.input` for a body that is not a JSON object; 413 for one beyond `HTTPServer.maximumBody`.
    static func of(_ request: Request, mayBeEmpty: Bool = false) async throws -> RequestFields {
        let body = try await request.body.collect(upTo: HTTPServer.maximumBody)
        if mayBeEmpty, body.readableBytes == 0 { return try RequestFields(.object([])) }
        return try RequestFields(Array(buffer: body))
    }

    /// - Throws: `.input` for bytes that are not a JSON object.
    convenience init(_ bytes: [UInt8]) throws {
        do { try self.init(JSONParser.parse(bytes, context: "")) } catch let error as LocalLMError {
            throw SelfImproveError(.input, "the body is \(error.message)")
        }
    }

    init(_ json: JSONValue, place: String = "") throws {
        guard json.members != nil else { throw SelfImproveError(.input, "the body has the wrong type") }
        self.json = json
        self.place = place
    }

    // MARK: Values

    /// nil where there is none of this name, or null.
    func value(_ key: String) -> JSONValue? {
        asked.append(key)
        return json[key]
    }

    func required(_ key: String) throws -> JSONValue {
        guard let value = value(key) else { throw SelfImproveError(.input, "\(key) is missing") }
        return value
    }

    func text(_ key: String) throws -> String? { try value(key).map { try $0.string ?? fail(key) } }
    /// A text, or a number as it is written.
    func word(_ key: String) throws -> String? {
        try value(key).map { value in
            if case .number(let text) = value { return text }
            return try value.string ?? fail(key)
        }
    }

    func requiredText(_ key: String) throws -> String { try required(key).string ?? fail(key) }
    func flag(_ key: String) throws -> Bool? { try value(key).map { try $0.bool ?? fail(key) } }

    func number(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let value = value(key) else { return nil }
        guard case .number(let text) = value else { return try fail(key) }
        guard let number = Double(text), range.contains(number) else {
            throw Self.outside(key, text, "\(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// `16` as well as `16.0`.
    func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let value = value(key) else { return nil }
        guard case .number(let text) = value, let number = Double(text), number.rounded() == number else {
            return try fail(key)
        }
        guard let whole = Int(text) ?? Int(exactly: number), range.contains(whole) else {
            throw Self.outside(key, text, "\(range.lowerBound) to \(range.upperBound)")
        }
        return whole
    }

    /// Any whole number of 64 bits, with a sign or without.
    func seed(_ key: String) throws -> UInt64? {
        guard let value = value(key) else { return nil }
        guard case .number(let text) = value, let number = Double(text), number.rounded() == number else {
            return try fail(key)
        }
        if let seed = UInt64(text) { return seed }
        guard let signed = Int64(text) ?? Int64(exactly: number) else {
            throw Self.outside(key, text, "\(Int64.min) to \(UInt64.max)")
        }
        return UInt64(bitPattern: signed)
    }

    /// The members of an object.
    func section(_ key: String) throws -> RequestFields? {
        try value(key).map { value in
            guard value.members != nil else { return try fail(key) }
            return try RequestFields(value, place: "\(place)\(key).")
        }
    }

    /// Every member as a text.
    func texts() throws -> [(key: String, value: String)] {
        try (json.members ?? []).map { ($0.key, try $0.value.string ?? fail($0.key)) }
    }

    func fail<Value>(_ key: String) throws -> Value { throw SelfImproveError(.input, "\(key) has the wrong type") }

    private static func outside(_ key: String, _ text: String, _ range: String) -> SelfImproveError {
        SelfImproveError(.input, "is \(text.prefix(40))", context: key, hint: range)
    }

    // MARK: What nobody asked for

    /// - Parameters:
    ///   - harmless: names that change nothing, whatever their value.
    ///   - unsupported: names with the values, beside null, that change nothing. No values: what is off (false, 0, an
    ///     empty text, list or object).
    /// - Throws: `.input` for an unsupported value, and for an unknown name that is not null.
    func finish(harmless: Set<String> = [], unsupported: [String: [JSONValue]] = [:]) throws {
        for member in json.members ?? [] where !asked.contains(member.key) && !member.value.isNull {
            if harmless.contains(member.key) { continue }
            guard let neutral = unsupported[member.key] else { throw unknown(member.key, harmless, unsupported) }
            if neutral.isEmpty ? Self.isOff(member.value) : neutral.contains(where: { Self.same($0, member.value) }) {
                continue
            }
            throw SelfImproveError(
                .input,
                "\(member.value.text().prefix(40)) is not supported",
                context: place + member.key,
                hint: "leave it out"
            )
        }
    }

    private static func isOff(_ value: JSONValue) -> Bool { value.isOff || value.string == "" || value.real == 0 }

    private static func same(_ a: JSONValue, _ b: JSONValue) -> Bool { a == b || a.real != nil && a.real == b.real }

    private func unknown(_ name: String, _ harmless: Set<String>, _ unsupported: [String: [JSONValue]])
        -> SelfImproveError
    {
        let near = EditDistance.nearest(to: name, among: asked + harmless.sorted() + unsupported.keys.sorted())
        return SelfImproveError(
            .input,
            "is unknown",
            context: name.isEmpty ? "\(place)\"\"" : "\(place)\(name.prefix(80))",
            hint: near.map { "did you mean \($0)?" } ?? "leave it out"
        )
    }
}
