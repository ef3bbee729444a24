/// Methods of Python's own types. The sandbox refuses those that change their object, and this those that it does not
/// know.
extension JinjaMethod {
    static let string: Set<String> = [
        "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith", "replace", "upper",
        "lower", "title",
        "capitalize", "find", "rfind", "count", "join", "isdigit", "isalpha", "isalnum", "isspace", "isupper",
        "islower", "removeprefix",
        "removesuffix", "format", "partition", "rpartition", "zfill", "ljust", "rjust",
    ]
    static let dictionary: Set<String> = ["get", "items", "keys", "values"]
    static let sequence: Set<String> = ["index", "count"]
    static let loop: Set<String> = ["cycle", "changed"]

    /// The methods that can be called on a value; nil where it has attributes of other kinds.
    static func names(of value: JinjaValue) -> Set<String>? {
        switch value {
        case .string: string
        case .dictionary: dictionary
        case .list, .tuple: sequence
        case .loop: loop
        default: nil
        }
    }

    /// Further attributes that Python's types have, by type: not to be taken for undefined.
    private static let refused: [String: Set<String>] = [
        "str": [
            "casefold", "center", "encode", "expandtabs", "format_map", "index", "isascii", "isdecimal", "isidentifier",
            "isnumeric",
            "isprintable", "istitle", "maketrans", "rindex", "swapcase", "translate",
        ],
        "dict": ["clear", "copy", "fromkeys", "pop", "popitem", "setdefault", "update"],
        "list": ["append", "clear", "copy", "extend", "insert", "pop", "remove", "reverse", "sort"],
        "int": [
            "as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes", "imag",
            "is_integer", "numerator", "real", "to_bytes",
        ],
        "float": ["as_integer_ratio", "conjugate", "fromhex", "hex", "imag", "is_integer", "real"],
        "range": ["count", "index", "start", "step", "stop"],
        "dict_items": ["isdisjoint", "mapping"], "dict_keys": ["isdisjoint", "mapping"], "dict_values": ["mapping"],
        "generator": ["close", "gi_code", "gi_frame", "gi_running", "gi_suspended", "gi_yieldfrom", "send", "throw"],
    ]

    static func isRefused(_ name: String, of value: JinjaValue) -> Bool {
        switch value {
        case .markup, .macro, .function, .method: true
        case .bool: refused["int"]?.contains(name) ?? false
        default: refused[value.typeName]?.contains(name) ?? false
        }
    }
}

extension JinjaRendering {
    /// The method of this name, or nil where the value has none.
    func method(_ value: JinjaValue, _ name: String) throws -> JinjaValue? {
        if JinjaMethod.isRefused(name, of: value) {
            throw JinjaFailure.unsupported("the attribute '\(name.prefix(40))' of a value of type '\(value.typeName)'")
        }
        guard let names = JinjaMethod.names(of: value), names.contains(name) else { return nil }
        return .method(JinjaMethod(value, name))
    }

    func call(_ receiver: JinjaValue, _ name: String, _ call: JinjaCall) throws -> JinjaValue {
        switch receiver {
        case .string(let text): return try self.call(text, name, call)
        case .dictionary(let dictionary):
            guard call.named.isEmpty else { throw JinjaFailure.python("\(name)() takes no keyword arguments") }
            return try self.call(dictionary, name, call)
        case .list(let items), .tuple(let items):
            guard call.named.isEmpty else { throw JinjaFailure.python("\(name)() takes no keyword arguments") }
            guard call.positional.count == 1 || (name == "index" && call.positional.count > 1) else {
                throw JinjaFailure.python("\(name)() takes one argument")
            }
            guard call.positional.count == 1 else { throw JinjaFailure.unsupported("index() with bounds") }
            var places: [Int] = []
            for (index, value) in items.values.enumerated() {
                try charge(1)
                if try isEqual(value, call.positional[0]) { places.append(index) }
            }
            if name == "count" { return .int(places.count) }
            guard let place = places.first else { throw JinjaFailure.python("the value is not in the list") }
            return .int(place)
        case .loop(let loop):
            guard call.named.isEmpty else { throw JinjaFailure.python("loop.\(name)() takes no keyword arguments") }
            if name == "cycle" {
                guard !call.positional.isEmpty else { throw JinjaFailure.python("no items for cycling given") }
                let count = call.positional.count
                return call.positional[((loop.index0 % count) + count) % count]
            }
            if let last = loop.lastChanged, last.count == call.positional.count {
                var isSame = true
                for (old, new) in zip(last, call.positional) where isSame { isSame = try isEqual(old, new) }
                if isSame { return .bool(false) }
            }
            register(loop)
            loop.lastChanged = call.positional
            return .bool(true)
        default:
            throw JinjaFailure.unsupported("the method '\(name.prefix(40))' of a value of type '\(receiver.typeName)'")
        }
    }

    private func call(_ dictionary: JinjaDictionary, _ name: String, _ call: JinjaCall) throws -> JinjaValue {
        if name == "get" {
            guard let key = call.positional.first, call.positional.count <= 2 else {
                throw JinjaFailure.python("get() takes one or two arguments")
            }
            return try dictionary.find(key) ?? (call.positional.count == 2 ? call.positional[1] : .none)
        }
        try call.nothing("\(name)()")
        switch name {
        case "keys": return .view(try JinjaSequence(dictionary.keys), .dict_keys)
        case "values": return .view(try JinjaSequence(dictionary.values), .dict_values)
        default: return .view(try JinjaSequence(try items(dictionary)), .dict_items)
        }
    }

    func items(_ dictionary: JinjaDictionary) throws -> [JinjaValue] {
        try chargeElements(dictionary.count * 2)
        return try zip(dictionary.keys, dictionary.values).map { .tuple(try JinjaSequence([$0, $1])) }
    }

    // MARK: Strings

    private func call(_ text: [UInt8], _ name: String, _ call: JinjaCall) throws -> JinjaValue {
        // These look at the ends alone.
        let isQuick = ["startswith", "endswith", "strip", "lstrip", "rstrip"].contains(name)
        try charge(isQuick ? text.count >> 5 : text.count)
        let callee = "\(name)()"
        if name == "format" { return try self.text(try formatted(text, call)) }
        guard call.named.isEmpty || ["split", "rsplit", "splitlines"].contains(name) else {
            throw JinjaFailure.python("\(callee) takes no keyword arguments")
        }

        func arguments(_ names: [String], required: Int = 0) throws -> [JinjaValue?] {
            try call.bound(to: names, callee, required: required)
        }
        func string(_ value: JinjaValue?) throws -> [UInt8] {
            if case .string(let text)? = value { return text }
            throw JinjaFailure.python("\(callee) takes a string, not \(value?.typeName ?? "nothing")")
        }
        func optional(_ value: JinjaValue?) throws -> [UInt8]? {
            if case .none? = value { return nil }
            return try value.map { try string($0) }
        }
        func integer(_ value: JinjaValue?, default preset: Int) throws -> Int {
            guard let value else { return preset }
            guard let integer = value.index else {
                throw JinjaFailure.python("'\(value.typeName)' object cannot be interpreted as an integer")
            }
            return integer
        }

        switch name {
        case "strip", "lstrip", "rstrip":
            let characters = try optional(try arguments(["chars"])[0])
            return .string(PythonText.strip(text, characters, left: name != "rstrip", right: name != "lstrip"))
        case "split", "rsplit":
            let given = try arguments(["sep", "maxsplit"])
            let separator = try optional(given[0])
            guard separator?.isEmpty != true else { throw JinjaFailure.python("empty separator") }
            try chargeElements(separator.map { PythonText.occurrences(text, $0) } ?? text.count / 2)
            let parts = PythonText.split(
                text,
                separator,
                limit: try integer(given[1], default: -1),
                fromRight: name == "rsplit"
            )
            return try list(parts.map { .string($0) })
        case "splitlines":
            let keeps = try arguments(["keepends"])[0]?.isTrue ?? false
            return try list(PythonText.lines(text, keepingEnds: keeps).map { .string($0) })
        case "startswith", "endswith":
            guard call.positional.count <= 1 else { throw JinjaFailure.unsupported("\(callee) with bounds") }
            let given = try arguments(["prefix"], required: 1)[0]
            var options = [given]
            if case .tuple(let all)? = given { options = all.values }
            for option in options {
                let part = try string(option)
                if PythonText.matches(text, part, at: name == "startswith" ? 0 : text.count - part.count) {
                    return .bool(true)
                }
            }
            return .bool(false)
        case "replace":
            let given = try arguments(["old", "new", "count"], required: 2)
            return try replaced(text, try string(given[0]), try string(given[1]), try integer(given[2], default: -1))
        case "find", "rfind", "count":
            guard call.positional.count <= 1 else { throw JinjaFailure.unsupported("\(callee) with bounds") }
            let part = try string(try arguments(["sub"], required: 1)[0])
            if name == "count" { return .int(PythonText.occurrences(text, part)) }
            let found =
                name == "find" ? PythonText.find(text, part) : PythonText.findLast(text, part, before: text.count)
            return .int(found.map { PythonText.count(Array(text[..<$0])) } ?? -1)
        case "join":
            let values = try elements(try arguments(["iterable"], required: 1)[0] ?? .none)
            return try joined(try values.map { try string($0) }, text)
        case "removeprefix", "removesuffix":
            let part = try string(try arguments(["part"], required: 1)[0])
            if name == "removeprefix" {
                return .string(PythonText.matches(text, part, at: 0) ? Array(text[part.count...]) : text)
            }
            return .string(
                PythonText.matches(text, part, at: text.count - part.count)
                    ? Array(text[..<(text.count - part.count)]) : text
            )
        case "partition", "rpartition":
            let part = try string(try arguments(["sep"], required: 1)[0])
            guard !part.isEmpty else { throw JinjaFailure.python("empty separator") }
            let found =
                name == "partition" ? PythonText.find(text, part) : PythonText.findLast(text, part, before: text.count)
            var parts = name == "partition" ? [text, [], []] : [[], [], text]
            if let found { parts = [Array(text[..<found]), part, Array(text[(found + part.count)...])] }
            return .tuple(try JinjaSequence(parts.map { .string($0) }))
        case "zfill", "ljust", "rjust":
            let given = try arguments(name == "zfill" ? ["width"] : ["width", "fillchar"], required: 1)
            let width = try integer(given[0], default: 0)
            let fill = name == "zfill" ? [UInt8(ascii: "0")] : try given.last?.map { try string($0) } ?? [Ascii.space]
            guard PythonText.count(fill) == 1 else {
                throw JinjaFailure.python("the fill character must be exactly one character long")
            }
            return try self.text(try padded(text, width, fill, left: name != "ljust", keepsSign: name == "zfill"))
        default: break
        }
        try call.nothing(callee)
        switch name {
        case "upper": return try self.text(PythonText.upper(text))
        case "lower": return try self.text(try PythonText.lower(text))
        case "title": return try self.text(try PythonText.title(text))
        case "capitalize": return try self.text(try PythonText.capitalize(text))
        case "isupper": return .bool(PythonText.hasOnlyCase(text, lower: false))
        case "islower": return .bool(PythonText.hasOnlyCase(text, lower: true))
        case "isspace", "isdigit", "isalpha", "isalnum":
            return .bool(!text.isEmpty && PythonText.scalars(text).allSatisfy { PythonText.isOf(name, $0) })
        default: throw JinjaFailure.unsupported("the method '\(name)'")
        }
    }

    func padded(_ text: [UInt8], _ width: Int, _ fill: [UInt8], left: Bool, keepsSign: Bool = false) throws -> [UInt8] {
        let missing = width - min(width, PythonText.count(text))
        guard missing > 0 else { return text }
        guard missing <= Self.maximumBytes / 4 else { throw JinjaFailure.limit("a text that is too long") }
        try chargeBytes(missing * fill.count)
        var filling: [UInt8] = []
        for _ in 0..<missing { filling += fill }
        guard left else { return text + filling }
        if keepsSign, let sign = text.first, sign == Ascii.minus || sign == Ascii.plus {
            return [sign] + filling + text.dropFirst()
        }
        return filling + text
    }

    func replaced(_ text: [UInt8], _ old: [UInt8], _ new: [UInt8], _ limit: Int) throws -> JinjaValue {
        try charge(text.count >> 3)
        let found = PythonText.occurrences(text, old)
        let count = limit < 0 ? found : min(found, limit)
        if count == 0 { return .string(text) }
        let (growth, overflow) = count.multipliedReportingOverflow(by: max(new.count - old.count, 0))
        guard !overflow, growth <= Self.maximumBytes else { throw JinjaFailure.limit("a text that is too long") }
        try chargeBytes(text.count + growth)
        return .string(PythonText.replace(text, old, new, limit: limit))
    }

    func joined(_ parts: [[UInt8]], _ separator: [UInt8]) throws -> JinjaValue {
        var total = 0
        for part in parts {
            total += part.count + separator.count
            guard total <= Self.maximumBytes * 2 else { throw JinjaFailure.limit("a text that is too long") }
        }
        try chargeBytes(max(total - separator.count, 0))
        try charge(parts.count)
        return .string(Array(parts.joined(separator: separator)))
    }
}

extension PythonText {
    static func isOf(_ method: String, _ scalar: Unicode.Scalar) -> Bool {
        switch method {
        case "isspace": return isSpace(scalar)
        case "isdigit": return scalar.properties.numericType == .decimal || scalar.properties.numericType == .digit
        case "isalpha": return isLetter(scalar)
        default: return isLetter(scalar) || scalar.properties.numericType != nil
        }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }
}
