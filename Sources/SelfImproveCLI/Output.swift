import Foundation
import ModelFiles

/// Standard output and standard error, as the contract wants them.
enum Output {
    /// One JSON object on one line.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var data = try encoder.encode(value)
        data.append(0x0A)
        FileHandle.standardOutput.write(data)
    }

    static func line(_ text: String) { FileHandle.standardOutput.write(Data((text + "\n").utf8)) }

    static func error(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    /// Standard input, line by line, each decoded; a line that is not what it should be is reported with its number.
    static func forEachInput<Row: Decodable>(_ type: Row.Type, _ body: (Row) throws -> Void) throws {
        let decoder = JSONDecoder()
        var number = 0
        while let line = readLine(strippingNewline: true) {
            number += 1
            if line.allSatisfy(\.isWhitespace) { continue }
            let row: Row
            do {
                row = try decoder.decode(Row.self, from: Data(line.utf8))
            } catch {
                throw LocalLMError(
                    .input,
                    "not the JSON that this command reads: \(line.prefix(80))",
                    context: "standard input:\(number)",
                    hint: "see --help"
                )
            }
            do {
                try body(row)
            } catch let error as LocalLMError where error.context == nil {
                throw LocalLMError(error.code, error.message, context: "standard input:\(number)", hint: error.hint)
            }
        }
    }
}
