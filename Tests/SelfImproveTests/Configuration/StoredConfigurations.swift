import Foundation

/// Rows of `campaigns.configuration` that earlier versions wrote, kept as files: what a program of today must read.
enum StoredConfigurations {
    /// Of the shipped configurations, and of one with every stop criterion.
    static let names = ["smoke-0.1.0", "nursery-0.1.0", "elicitation-0.1.0", "criteria-0.1.0"]

    static func text(_ name: String) throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Stored")
        return try String(contentsOf: folder.appendingPathComponent("\(name).json"), encoding: .utf8)
    }
}
