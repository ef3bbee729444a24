import Foundation

/// Bytes as people write them: `500MB`, `20GB`, `1TB` (powers of 1,000), `512B`.
public enum ByteCount {
    private static let units: [(suffix: String, bytes: Double)] = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("B", 1)]

    /// nil for anything else.
    public static func bytes(_ text: String) -> Int? {
        for (suffix, size) in units where text.hasSuffix(suffix) {
            guard let value = Double(text.dropLast(suffix.count)), value * size >= 1, value * size < 9e18 else {
                return nil
            }
            return Int(value * size)
        }
        return nil
    }

    /// For people: the largest unit that leaves a whole number, or tenths of megabytes.
    public static func words(_ bytes: Int) -> String {
        let exact = exact(bytes)
        return exact == "\(bytes)B" ? String(format: "%.1fMB", Double(bytes) / 1e6) : exact
    }

    /// The largest unit that leaves a whole number: `bytes` reads it back.
    public static func exact(_ bytes: Int) -> String {
        for (suffix, size) in units where bytes >= Int(size) && bytes % Int(size) == 0 {
            return "\(bytes / Int(size))\(suffix)"
        }
        return "\(bytes)B"
    }
}

extension Duration {
    /// `90`, `90s`, `30m`, `6h`, `2d`, as seconds; nil for anything else.
    public static func seconds(_ text: String) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        let unit = text.last.flatMap { units[$0] }
        guard let value = Double(unit == nil ? text : String(text.dropLast())), value > 0, value.isFinite else {
            return nil
        }
        return value * (unit ?? 1)
    }

    /// The largest of these units that leaves a whole number: `seconds` reads it back.
    public static func words(_ seconds: Double) -> String {
        for (unit, size) in [("d", 86_400.0), ("h", 3600), ("m", 60), ("s", 1)]
        where seconds >= size && seconds.truncatingRemainder(dividingBy: size) == 0 && seconds < 1e15 {
            return "\(Int(seconds / size))\(unit)"
        }
        return "\(seconds)s"
    }
}
