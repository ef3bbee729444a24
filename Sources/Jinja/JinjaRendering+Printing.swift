import Foundation

/// How Python writes values: `str`, `repr` and `json.dumps`.
extension JinjaRendering {
    /// `str(value)`
    func string(_ value: JinjaValue) throws -> [UInt8] {
        switch value {
        case .string(let text), .markup(let text): return text
        case .undefined, .missing: return []
        default:
            var out: [UInt8] = []
            try represent(value, &out)
            return out
        }
    }

    /// `repr(value)`
    func represent(_ value: JinjaValue, _ out: inout [UInt8]) throws {
        try charge(1)
        switch value {
        case .missing, .undefined: out += "Undefined".utf8
        case .none: out += "None".utf8
        case .bool(let value): out += (value ? "True" : "False").utf8
        case .int(let value): out += String(value).utf8
        case .float(let value): out += PythonText.representation(value).utf8
        case .string(let text):
            try chargeBytes(out.count + text.count * 10)
            PythonText.quote(text, &out)
        case .markup: throw JinjaFailure.unsupported("printing a text marked as safe inside of a list")
        case .list(let items): try represent(items.values, "[", "]", &out)
        case .tuple(let items): try represent(items.values, "(", items.values.count == 1 ? ",)" : ")", &out)
        case .view(let items, let name):
            out += (name.rawValue + "(").utf8
            try represent(items.values, "[", "]", &out)
            out += ")".utf8
        case .dictionary(let dictionary):
            out += "{".utf8
            for index in 0..<dictionary.count {
                if index > 0 { out += ", ".utf8 }
                try represent(dictionary.keys[index], &out)
                out += ": ".utf8
                try represent(dictionary.values[index], &out)
            }
            out += "}".utf8
        case .range(let range):
            out += "range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))".utf8
        default: throw JinjaFailure.unsupported("printing a value of type '\(value.typeName)'")
        }
        guard out.count <= Self.maximumBytes else { throw JinjaFailure.limit("a text that is too long") }
    }

    private func represent(_ items: [JinjaValue], _ open: String, _ close: String, _ out: inout [UInt8]) throws {
        out += open.utf8
        for (index, item) in items.enumerated() {
            if index > 0 { out += ", ".utf8 }
            try represent(item, &out)
        }
        out += close.utf8
    }

    // MARK: JSON

    func json(_ value: JinjaValue, _ style: JinjaJSON) throws -> [UInt8] {
        var out: [UInt8] = []
        try write(value, style, level: 0, &out)
        return out
    }

    private func write(_ value: JinjaValue, _ style: JinjaJSON, level: Int, _ out: inout [UInt8]) throws {
        try charge(1)
        guard out.count <= Self.maximumBytes else { throw JinjaFailure.limit("a text that is too long") }
        func group(_ open: String, _ close: String, _ count: Int, _ each: (Int) throws -> Void) throws {
            out += open.utf8
            for index in 0..<count {
                if index > 0 { out += style.itemSeparator }
                try newline(level + 1)
                try each(index)
            }
            if count > 0 { try newline(level) }
            out += close.utf8
        }
        func newline(_ level: Int) throws {
            guard let indent = style.indent else { return }
            try chargeBytes(out.count &+ indent.count * level)
            out.append(Ascii.newline)
            for _ in 0..<level { out += indent }
        }
        switch value {
        case .none: out += "null".utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .int(let value): out += String(value).utf8
        case .float(let value): out += PythonText.json(value).utf8
        case .string(let text), .markup(let text):
            try chargeBytes(out.count + text.count)
            PythonText.quoteJSON(text, ascii: style.isAscii, &out)
        case .list(let items), .tuple(let items):
            try group("[", "]", items.values.count) { try write(items.values[$0], style, level: level + 1, &out) }
        case .dictionary(let dictionary):
            var pairs = Array(zip(dictionary.keys, dictionary.values))
            if style.sortsKeys {
                let order = try sorted(
                    (0..<pairs.count).map { .int($0) },
                    by: { pairs[$0.index ?? 0].0 },
                    reverse: false
                )
                pairs = order.map { pairs[$0.index ?? 0] }
            }
            try group("{", "}", pairs.count) {
                let key: [UInt8] =
                    switch pairs[$0].0 {
                    case .string(let text): text
                    case .int(let value): Array(String(value).utf8)
                    case .bool(let value): Array((value ? "true" : "false").utf8)
                    case .none: Array("null".utf8)
                    case .float(let value): Array(PythonText.json(value).utf8)
                    default:
                        throw JinjaFailure.python(
                            "keys must be str, int, float, bool or None, not \(pairs[$0].0.typeName)"
                        )
                    }
                PythonText.quoteJSON(key, ascii: style.isAscii, &out)
                out += style.keySeparator
                try write(pairs[$0].1, style, level: level + 1, &out)
            }
        default: throw JinjaFailure.python("Object of type \(value.typeName) is not JSON serializable")
        }
    }
}

/// What `tojson` was asked for, as Python's `json.dumps` takes it.
struct JinjaJSON {
    var isAscii = false
    var indent: [UInt8]?
    var itemSeparator = Array(", ".utf8), keySeparator = Array(": ".utf8)
    var sortsKeys = false

    init(_ given: [JinjaValue?]) throws {
        isAscii = given[0]?.isTrue ?? false
        switch given[1] {
        case nil, .some(.none): break
        case .string(let text)?: indent = text
        case .some(let value):
            guard let width = value.index, width <= 1000 else {
                throw JinjaFailure.unsupported("this indentation of 'tojson'")
            }
            indent = Array(repeating: Ascii.space, count: max(width, 0))
        }
        if indent != nil { itemSeparator = Array(",".utf8) }
        switch given[2] {
        case nil, .some(.none): break
        case .list(let parts)?, .tuple(let parts)?:
            guard parts.values.count == 2, case .string(let item) = parts.values[0],
                case .string(let key) = parts.values[1]
            else {
                throw JinjaFailure.python("separators must be two strings")
            }
            (itemSeparator, keySeparator) = (item, key)
        default: throw JinjaFailure.python("separators must be two strings")
        }
        sortsKeys = given[3]?.isTrue ?? false
    }
}
