import Foundation
import ModelFiles

/// Scores of one model, prompt by prompt, from a file: rows of this program's form, `{"id", "task"?, "score": 0 to 1 |
/// "correct": true | false, "cluster"?}`, or what lm-evaluation-harness writes with `--log_samples`
/// (`samples_TASK_DATE.jsonl`, or the folder that holds such files).
public struct ScoreFile: Sendable {
    /// Which of the scores in a file are meant.
    public struct Selection: Sendable {
        /// A field by which rows belong together: of the row, or of lm-evaluation-harness's `doc`; nil: `cluster`,
        /// where there is one.
        public var cluster: String?
        /// Of lm-evaluation-harness: nil: the first that a row has.
        public var metric: String?
        public var filter: String?

        public init(cluster: String? = nil, metric: String? = nil, filter: String? = nil) {
            self.cluster = cluster
            self.metric = metric
            self.filter = filter
        }
    }

    public var marks: [Gate.Mark]

    /// - Throws: `.input` with file and line, for a row without an id or a score.
    public init(_ url: URL, _ selection: Selection = Selection()) throws {
        marks = []
        for (file, task) in try Self.files(url) {
            let rows = try JSONLines.read(Row.self, from: file)
            var filter = selection.filter
            for row in rows {
                if row.isHarness, let name = row.json["filter"]?.string {
                    filter = filter ?? name
                    if name != filter { continue }
                }
                marks.append(try row.mark(task: task, selection))
            }
        }
        let name = url.path
        guard !marks.isEmpty else {
            let hint = selection.filter.map { "no row has the filter \($0)" } ?? "one JSON object a line"
            throw SelfImproveError(.input, "there are no scores", context: name, hint: hint)
        }
        var seen = Set<String>()
        if let double = marks.first(where: { !seen.insert($0.id).inserted }) {
            throw SelfImproveError(
                .input,
                "two rows have the id \(double.id)",
                context: name,
                hint: "an id stands once in each task"
            )
        }
    }

    /// A file, or those of a folder, each with the task that its name tells.
    private static func files(_ url: URL) throws -> [(URL, String?)] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue else {
            return [(url, task(of: url))]
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
        let found = names.map { url.appendingPathComponent($0) }.compactMap { file in task(of: file).map { (file, $0) }
        }
        guard !found.isEmpty else {
            throw SelfImproveError(
                .input,
                "holds no samples_TASK_DATE.jsonl",
                context: url.path,
                hint: "lm-evaluation-harness writes them with --log_samples"
            )
        }
        var tasks = Set<String>()
        if let (_, task) = found.first(where: { !tasks.insert($0.1).inserted }) {
            throw SelfImproveError(
                .input,
                "holds two files of the task \(task)",
                context: url.path,
                hint: "name one of them, or move the other away"
            )
        }
        return found
    }

    /// `samples_TASK_2026-11-27T10-00-00.123456.jsonl`.
    private static func task(of url: URL) -> String? {
        let name = url.lastPathComponent
        guard name.hasPrefix("samples_"), name.hasSuffix(".jsonl") else { return nil }
        let middle = name.dropFirst("samples_".count).dropLast(".jsonl".count)
        guard let end = middle.lastIndex(of: "_") else { return String(middle) }
        return String(middle[..<end])
    }

    /// One line.
    private struct Row: JSONLinesRow {
        let json: JSONValue
        let fields: RowFields
        /// Whether lm-evaluation-harness wrote it.
        var isHarness: Bool { json["doc_id"] != nil }

        init(json: JSONValue, context: String) throws {
            self.json = json
            fields = RowFields(json: json, context: context)
            guard json.members != nil else {
                throw fields.error("the row is \(json.kind), not an object", "one JSON object a line")
            }
        }

        func mark(task: String?, _ selection: Selection) throws -> Gate.Mark {
            let idKey = isHarness ? "doc_id" : "id"
            guard let id = Self.name(json[idKey]) else {
                throw fields.error(
                    "\(idKey) is missing, or no text or number",
                    "what tells prompts apart, in both files"
                )
            }
            let task = try fields.text("task") ?? task ?? PromptRow.defaultTask
            return Gate.Mark(
                id: "\(task)/\(id)",
                slice: task,
                value: try isHarness ? metric(selection.metric) : score(),
                cluster: try cluster(selection.cluster)
            )
        }

        /// A text, or a number as it is written.
        private static func name(_ value: JSONValue?) -> String? {
            switch value {
            case .string(let text)?: text
            case .number(let text)?: text
            default: nil
            }
        }

        private func number(_ value: JSONValue?) -> Double? {
            switch value {
            case .number(let text)?: Double(text)
            case .bool(let isTrue)?: isTrue ? 1 : 0
            default: nil
            }
        }

        private func score() throws -> Double {
            for key in ["score", "correct"] {
                guard let value = json[key] else { continue }
                guard let number = number(value), (0...1).contains(number) else {
                    throw fields.error("\(key) is \(value.text().prefix(40))", "a number from 0 to 1, or true or false")
                }
                return number
            }
            throw fields.error(
                "the row has neither score nor correct",
                "\"score\": 0 to 1, or \"correct\": true or false"
            )
        }

        /// One of the metrics that lm-evaluation-harness computed for the row.
        private func metric(_ wanted: String?) throws -> Double {
            let listed = json["metrics"]?.array?.compactMap(\.string)
            let named = ["exact_match", "acc", "acc_norm"].filter { json[$0] != nil }
            let known = listed ?? named
            guard let key = wanted ?? known.first else {
                throw fields.error("the row names no metric", "say which with --metric")
            }
            guard let number = number(json[key]), (0...1).contains(number) else {
                let all = known.joined(separator: ", ")
                throw fields.error(
                    "\(key) is no number from 0 to 1",
                    "choose another with --metric; the row has \(all)"
                )
            }
            return number
        }

        private func cluster(_ field: String?) throws -> String? {
            guard let field else { return Self.name(json["cluster"]) }
            if let name = Self.name(json[field]) ?? (isHarness ? Self.name(json["doc"]?[field]) : nil) { return name }
            throw fields.error("\(field), by which rows belong together, is missing", "give it a text or a number")
        }
    }
}
