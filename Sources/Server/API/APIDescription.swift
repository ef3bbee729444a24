import Foundation
import SelfImprove

/// The API's description in OpenAPI: `openapi.json`, with the stop criteria that the program knows.
enum APIDescription {
    static func json() throws -> [UInt8] {
        let limits = try properties { Schema($0.words, $0.jsonType) }
        let changes = try properties { Schema($0.words, "string", pattern: "^(\($0.pattern)|off)$") }
        let text = String(decoding: PackageResources.openapi_json, as: UTF8.self)
            .replacing("\"{limits of criteria}\"", with: limits)
            .replacing("\"{changes of criteria}\"", with: changes)
        return Array(text.utf8)
    }

    private struct Schema: Encodable {
        var description: String
        var type: String
        var pattern: String?

        init(_ description: String, _ type: String, pattern: String? = nil) {
            self.description = description
            self.type = type
            self.pattern = pattern
        }
    }

    /// An object of a schema by criterion, in the order of the table: the page shows them in it.
    private static func properties(_ schema: (StopCriterion) -> Schema) throws -> String {
        let members = try StopCriterion.all.map { "\"\($0.key)\": \(try JSONResponse.text(schema($0)))" }
        return "{\(members.joined(separator: ", "))}"
    }
}
