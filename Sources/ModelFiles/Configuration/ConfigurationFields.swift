/// Typed access to the members of one object of a configuration file, with errors that name them.
package struct ConfigurationFields {
    package static let largestDimension = 1 << 22
    /// No model has as many ends of a sequence; each is looked for at every token.
    private static let mostTokenIDs = 256

    package let json: JSONValue
    package let context: String

    package init(json: JSONValue, context: String) {
        self.json = json
        self.context = context
    }

    package func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: context) }
    package func unsupported(_ what: String, _ hint: String? = nil) -> LocalLMError {
        LocalLMError(.unsupported, "\(what) is not supported", context: context, hint: hint)
    }

    /// An object inside of this one.
    package func nested(_ key: String) throws -> ConfigurationFields? {
        guard let value = json[key] else { return nil }
        guard value.members != nil else { throw damaged("\(key) is \(value.kind), not an object") }
        return ConfigurationFields(json: value, context: "\(context): \(key)")
    }

    package func text(_ key: String) throws -> String? {
        guard let value = json[key] else { return nil }
        guard let text = value.string else { throw damaged("\(key) is \(value.kind), not a string") }
        return text
    }

    package func flag(_ key: String) throws -> Bool? {
        guard let value = json[key] else { return nil }
        guard let flag = value.bool else { throw damaged("\(key) is \(value.kind), not true or false") }
        return flag
    }

    /// Throws where one of these is true: this program would compute something else.
    package func refuse(_ keys: [String]) throws {
        for key in keys where try flag(key) ?? false { throw unsupported("\(key) true") }
    }

    package func dimension(_ key: String, default standard: Int? = nil) throws -> Int {
        guard json[key] != nil else {
            guard let standard else { throw damaged("\(key) is missing") }
            return standard
        }
        let size = try count(key)!
        guard size > 0 else { throw damaged("\(key) is 0, not a whole number from 1 to \(Self.largestDimension)") }
        return size
    }

    /// A whole number from 0 up.
    package func count(_ key: String) throws -> Int? {
        guard let value = json[key] else { return nil }
        guard let size = value.integer, size >= 0, size <= Self.largestDimension else {
            throw damaged("\(key) is \(value.kind), not a whole number up to \(Self.largestDimension)")
        }
        return size
    }

    package func positive(_ key: String) throws -> Double? {
        guard let value = json[key] else { return nil }
        guard let number = value.real, number > 0, Float(number).isNormal else {
            throw damaged("\(key) is \(value.kind), not a positive number")
        }
        return number
    }

    /// One id, a list of them, or none; -1 means none in some old files.
    package func tokenIDs(_ key: String, below limit: Int) throws -> [Int] {
        guard let value = json[key] else { return [] }
        var ids: [Int] = []
        let entries = value.array ?? [value]
        guard entries.count <= Self.mostTokenIDs else {
            throw damaged("\(key) holds \(entries.count) ids, at most \(Self.mostTokenIDs) are read")
        }
        for entry in entries {
            if entry.integer == -1 { continue }
            guard let id = entry.integer, id >= 0, id < limit else {
                throw damaged("\(key) holds \(entry.kind), not an id below the \(limit) of the vocabulary")
            }
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    // MARK: What several families have

    /// `sliding_window`: null says that there is none, silence the class's default.
    package func window(absent: Int) throws -> Int? {
        guard has("sliding_window") else { return absent }
        return json["sliding_window"] == nil ? nil : try dimension("sliding_window")
    }

    package func softcap(_ key: String, absent: Float) throws -> Float? {
        has(key) ? try positive(key).map { Float($0) } : absent
    }

    /// `layer_types`: which layers slide; nil where it is absent.
    package func layerTypes(_ layers: Int) throws -> [Bool]? {
        guard let value = json["layer_types"] else { return nil }
        guard let list = value.array, list.count == layers else {
            throw damaged("layer_types is not a list of \(layers) layers")
        }
        return try list.map {
            switch $0.string {
            case "sliding_attention": true
            case "full_attention": false
            default:
                throw unsupported(
                    "the layer type \($0.string?.prefix(60) ?? $0.kind[...])",
                    "supported: full_attention, sliding_attention"
                )
            }
        }
    }

    private func has(_ key: String) -> Bool { json.members?.contains { $0.key.utf8.elementsEqual(key.utf8) } ?? false }
}

extension JSONValue {
    static func layerTypes(_ c: ModelConfiguration) -> JSONValue {
        .array((0..<c.layerCount).map { .string(c.window(layer: $0) == nil ? "full_attention" : "sliding_attention") })
    }

    /// A whole number is written as one: transformers' classes check the type.
    static func scalar(_ value: Float) -> JSONValue { Int(exactly: value).map(integer) ?? real(value) }
}
