/// Words in which a model is asked, as a configuration keeps them: this program's by their name, a person's own whole,
/// so that a campaign goes on with the words that it began with.
enum KeptWords: Equatable {
    case known(String)
    case own(name: String, words: String)

    /// - Parameter words: the file's text; nil for those of this program.
    init(_ name: String, _ words: String?) { self = words.map { .own(name: name, words: $0) } ?? .known(name) }

    /// A person's file without what editors add to it.
    static func plain(_ words: String) -> String {
        (words.hasPrefix("\u{FEFF}") ? String(words.dropFirst()) : words).replacing("\r\n", with: "\n")
    }
}

extension KeptWords: Codable {
    private enum CodingKeys: CodingKey { case name, words }

    init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self = .known(name)
            return
        }
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self = .own(
            name: try fields.decode(String.self, forKey: .name),
            words: try fields.decode(String.self, forKey: .words)
        )
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .known(let name):
            var text = encoder.singleValueContainer()
            try text.encode(name)
        case .own(let name, let words):
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(name, forKey: .name)
            try fields.encode(words, forKey: .words)
        }
    }
}
