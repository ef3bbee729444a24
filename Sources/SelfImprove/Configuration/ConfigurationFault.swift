/// One thing that is wrong with a configuration.
public struct ConfigurationFault: Sendable, Hashable {
    /// From 1; nil where the fault is that something is missing.
    public var line: Int?
    /// Where in the file: `mixture.filters.agreement`.
    public var key: String
    public var message: String
    /// What to do.
    public var hint: String?

    public init(line: Int?, key: String, _ message: String, hint: String? = nil) {
        self.line = line
        self.key = key
        self.message = message
        self.hint = hint
    }
}

/// Everything that is wrong with a configuration, at once, a line each. Nothing was changed.
public struct ConfigurationFaults: ReportedError, Equatable {
    public let file: String
    public let faults: [ConfigurationFault]

    /// Lines that are printed; a file with more faults is no configuration.
    private static let mostLines = 50

    public var kind: ReportedErrorKind { .usage }

    public var description: String {
        let lines = faults.prefix(Self.mostLines).map { fault in
            let place = fault.line.map { "\(file):\($0)" } ?? file
            let what = fault.key.isEmpty ? fault.message : "\(fault.key): \(fault.message)"
            return "\(place): \(what)\(fault.hint.map { " (\($0))" } ?? "")"
        }
        let rest = faults.count - lines.count
        return (lines + (rest > 0 ? ["\(file): and \(rest) more faults"] : [])).joined(separator: "\n")
    }
}

/// Collects faults while a file is read.
final class FaultCollector {
    private(set) var faults: [ConfigurationFault] = []

    func add(_ line: Int?, _ key: String, _ message: String, hint: String? = nil) {
        faults.append(ConfigurationFault(line: line, key: key, message, hint: hint))
    }

    /// Whether a key, or one within it, has a fault already: what follows from that needs no second line.
    func holdsFault(in key: String) -> Bool { faults.contains { $0.key == key || $0.key.hasPrefix(key + ".") } }

    /// In the order of the file, each once.
    func thrown(by file: String) throws {
        guard !faults.isEmpty else { return }
        var seen = Set<ConfigurationFault>(), ordered: [ConfigurationFault] = []
        for fault in faults.enumerated().sorted(by: {
            ($0.element.line ?? .max, $0.offset) < ($1.element.line ?? .max, $1.offset)
        }).map(\.element)
        where seen.insert(fault).inserted { ordered.append(fault) }
        throw ConfigurationFaults(file: file, faults: ordered)
    }
}
