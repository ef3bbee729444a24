import Foundation

/// A row of a JSONL file.
public protocol JSONLinesRow: Sendable {
    /// - Parameter context: `file:line`, for errors.
    init(json: JSONValue, context: String) throws
    /// Its members in their fixed order.
    var json: JSONValue { get }
}

/// Files with one JSON object a line. Empty lines are passed over; unknown keys are tolerated.
public enum JSONLines {
    /// All rows of a file. The first fault throws, as `file:line: what`.
    public static func read<Row: JSONLinesRow>(_ type: Row.Type, from url: URL) throws -> [Row] {
        try numbered(type, from: url).map(\.row)
    }

    /// The same with the line of each, counted from 1.
    package static func numbered<Row: JSONLinesRow>(_ type: Row.Type, from url: URL) throws -> [(line: Int, row: Row)] {
        guard let data = try FileReader.contents(url, limit: 1 << 34) else {
            throw LocalLMError(.file, "is missing", context: url.path, hint: "a JSONL file is needed")
        }
        return try numbered(type, data, name: url.path)
    }

    /// The same of a file's bytes; `name` is what errors call it.
    public static func decode<Row: JSONLinesRow>(_ type: Row.Type, _ data: Data, name: String) throws -> [Row] {
        try numbered(type, data, name: name).map(\.row)
    }

    /// Rows with their lines, counted from 1.
    package static func numbered<Row: JSONLinesRow>(_ type: Row.Type, _ data: Data, name: String) throws -> [(
        line: Int, row: Row
    )] {
        var rows: [(line: Int, row: Row)] = []
        var rest = data[...], number = 0
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest[line.endIndex...].dropFirst()
            number += 1
            if isEmpty(line) { continue }
            let context = "\(name):\(number)"
            rows.append((number, try Row(json: try JSONParser.parse(line, context: context), context: context)))
        }
        return rows
    }

    /// `file:line` of a row, for errors; the file alone where it has changed since it was read.
    package static func place(ofRow index: Int, in url: URL) -> String {
        let bytes = (try? FileReader.contents(url, limit: 1 << 34)) ?? nil
        let lines = (bytes ?? Data()).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let rows = lines.indices.filter { !isEmpty(lines[$0]) }
        return rows.indices.contains(index) ? "\(url.path):\(rows[index] + 1)" : url.path
    }

    /// Whether a line is passed over.
    package static func isEmpty(_ line: some Sequence<UInt8>) -> Bool {
        line.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
    }

    /// One row a line, keys in fixed order: the same rows give the same bytes.
    public static func encode(_ rows: some Sequence<some JSONLinesRow>) -> Data {
        var bytes = Data()
        for row in rows {
            bytes.append(contentsOf: row.json.text().utf8)
            bytes.append(UInt8(ascii: "\n"))
        }
        return bytes
    }

    /// Writes a file atomically.
    public static func write(_ rows: some Sequence<some JSONLinesRow>, to url: URL) throws {
        try AtomicFile.write(encode(rows), to: url)
    }
}
