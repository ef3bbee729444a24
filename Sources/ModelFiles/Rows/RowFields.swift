/// The fields of one row, with errors that name the place and the remedy.
package struct RowFields {
    package let json: JSONValue
    let context: String

    package init(json: JSONValue, context: String) {
        self.json = json
        self.context = context
    }

    package func error(_ what: String, _ hint: String) -> LocalLMError {
        LocalLMError(.input, what, context: context, hint: hint)
    }

    package func messages(_ key: String) throws -> [Message] {
        guard json.members != nil else {
            throw error("the row is \(json.kind), not an object", "one JSON object a line")
        }
        guard let value = json[key] else {
            throw error("\(key) is missing", "a list of messages with role and content")
        }
        guard let list = value.array else {
            throw error(
                "\(key) is \(value.kind), not a list of messages",
                "[{\"role\": \"user\", \"content\": \"...\"}]"
            )
        }
        return try list.enumerated().map { index, entry in
            try Message(json: entry, place: "message \(index + 1) of \(key)", context: context)
        }
    }

    /// Messages of text alone.
    func texts(_ key: String) throws -> [Message] {
        try messages(key).enumerated().map { index, message in
            if let plain = message.plain { return plain }
            let member = message.members.first { $0.key != "content" && !$0.value.isOff }?.key ?? ""
            throw error(
                "message \(index + 1) of \(key) holds \"\(member.prefix(40))\"",
                "these messages have role and content alone"
            )
        }
    }

    /// The functions that a row's conversation may call: a list, or JSON of one in a string, as TRL has it.
    package func tools() throws -> JSONValue? {
        var tools = json["tools"]
        if case .string(let text)? = tools {
            do { tools = text.isEmpty ? nil : try JSONParser.parse(Array(text.utf8), context: "") } catch let fault
                as LocalLMError
            { throw error("tools is \(fault.message)", "a list of functions, or JSON of one in a string") }
        }
        guard let tools, !tools.isOff else { return nil }
        guard let list = tools.array else { throw error("tools is \(tools.kind)", "a list of functions") }
        if let other = list.first(where: { $0.members == nil }) {
            throw error("tools holds \(other.kind)", "a list of functions, each an object")
        }
        return tools
    }

    /// - Throws: for a key that other trainers give a meaning which this one does not know, unless it is off.
    package func refuse(_ keys: [String] = meaningful) throws {
        for key in keys {
            if let value = json[key], !value.isOff, value.string != "" {
                throw error(
                    "\"\(key)\" is not supported",
                    "take it out of the row, or write into the messages what it says"
                )
            }
        }
    }

    /// Keys that would change how a conversation is rendered or trained.
    package static let meaningful = [
        "chat_template_kwargs", "system", "functions", "images", "image", "videos", "audio", "weight", "weights",
    ]

    /// - Throws: where the row holds more than one of these forms of the same thing: one of them would be passed over.
    package func one(of forms: [[String]]) throws {
        let held = forms.compactMap { form in form.first { json[$0] != nil } }
        guard held.count > 1 else { return }
        throw error("the line has \"\(held[0])\" and \"\(held[1])\"", "give one of them")
    }

    /// Messages that end with the assistant's.
    func answer(_ key: String) throws -> [Message] { try answer(key, of: messages(key)) }

    func answer(_ key: String, of messages: [Message]) throws -> [Message] {
        guard let last = messages.last else { throw error("\(key) is empty", "a row needs an answer to train on") }
        guard last.isAnswer else {
            throw error(
                "\(key) ends with the role \"\(last.role.prefix(40))\"",
                "the last message must be the assistant's"
            )
        }
        return messages
    }

    /// Token ids; nil where there is none of this name.
    package func ids(_ key: String) throws -> [Int]? {
        guard let value = json[key] else { return nil }
        guard let list = value.array else { throw error("\(key) is \(value.kind)", "a list of token ids") }
        return try list.map { entry in
            guard let id = entry.integer else {
                throw error("\(key) holds \(entry.kind)", "token ids are whole numbers")
            }
            return id
        }
    }

    package func text(_ key: String) throws -> String? {
        guard let value = json[key] else { return nil }
        guard let text = value.string else { throw error("\(key) is \(value.kind)", "it must be a string") }
        return text
    }

    package func flag(_ key: String) throws -> Bool? {
        guard let value = json[key] else { return nil }
        guard let flag = value.bool else { throw error("\(key) is \(value.kind)", "true or false") }
        return flag
    }

    /// A string; a number is taken as it is written.
    func label(_ key: String) throws -> String? {
        switch json[key] {
        case nil: nil
        case .string(let text): text
        case .number(let text): text
        case let value?: throw error("\(key) is \(value.kind)", "it must be a string")
        }
    }
}

extension JSONValue {
    static func messages(_ messages: [Message]) -> JSONValue {
        .array(messages.map(\.json))
    }
}
