import Foundation

/// What tests share that read mutated bytes.
public enum Fuzzing {
    /// How many inputs are read: `FUZZ`, where it is set (`make fuzz-peers`).
    public static func count(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["FUZZ"].flatMap { Int($0) } ?? usual
    }

    /// Bytes of memory that this process holds; 0 where the system does not tell.
    public static var residentMemory: Int {
        let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) << 10
    }
}
