import Foundation
import Testing

@testable import ModelFiles

/// What transformers made of the templates (`Tests/Parity/make_template_cases.py`).
struct TemplateGolden: Decodable {
    struct Outcome: Decodable {
        var text: String?
        var ranges: [[Int]]?
        var error: String?
    }
    struct Result: Decodable {
        var conversation: Int
        var add: Bool
        var text: String?
        var ranges: [[Int]]?
        var error: String?
    }
    struct Template: Decodable {
        var name: String
        var template: String
        var results: [Result]
    }
    struct Mini: Decodable {
        var template: String
        var text: String?
        var ranges: [[Int]]?
        var error: String?
    }
    var tokens: [String: String]
    var conversations: [[Message]]
    var mini_conversation: [Message]
    var templates: [Template]
    var minis: [Mini]
    var refused: [String]

    init() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("LocalLMTests/Golden/templates.json")
        self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: file))
    }

    /// With the special tokens and the clock of the generator.
    func template(_ source: String) throws -> ChatTemplate {
        // The generator's clock, in the local time that it has no zone of.
        let date = try #require(
            Calendar(identifier: .gregorian).date(
                from: DateComponents(year: 2026, month: 3, day: 4, hour: 5, minute: 6, second: 7)
            )
        )
        return try ChatTemplate(source: source, specialTokens: tokens, now: { date })
    }
}
