/// Metrics in Prometheus' text exposition format, version 0.0.4. Names begin with `selfimprove_`.
struct PrometheusText {
    enum Kind: String { case counter, gauge }

    struct Sample {
        var labels: [(name: String, value: String)]
        var value: Double
    }

    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    /// Adds one metric with all of its samples.
    mutating func add(_ name: String, _ kind: Kind, help: String, _ samples: [Sample]) {
        text += "# HELP selfimprove_\(name) \(Self.escaped(help, quotes: false))\n"
        text += "# TYPE selfimprove_\(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            let braces = labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
            text += "selfimprove_\(name)\(braces) \(sample.value)\n"
        }
    }

    /// Backslashes and line feeds are escaped everywhere, double quotes in the values of labels.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
