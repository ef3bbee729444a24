import Foundation

/// Where the values of a model's weights are, under Hugging Face's names.
package protocol WeightSource {
    /// The file or directory, for errors.
    var url: URL { get }
    /// Every number is one of bf16's.
    var holdsBFloat16: Bool { get }
    /// All tensors, in the order of their names.
    var names: [String] { get }
    /// Where a tensor is, for errors.
    func place(of name: String) -> String
    /// Rows x columns, or the length of a vector; nil where there is no such tensor.
    /// - Throws: where there is one whose numbers cannot be weights.
    func shape(of name: String) throws -> [Int]?
    /// Whether parts of a tensor can be read; else only all of it.
    var readsParts: Bool { get }
    /// Reads elements of a tensor as Float32, from `first` on, as many as `destination` has room for.
    func read(_ name: String, from first: Int, into destination: UnsafeMutableBufferPointer<Float>) throws
    /// Where the numbers of a tensor lie in a mapped file as bf16; nil where they do not lie so.
    func halves(of name: String) throws -> MappedHalves?
    /// What tells these files from any others that have been in their place; nil where nothing does.
    func identity() throws -> String?
}

/// A tensor of bf16 numbers in a mapped file, which stays as long as this does.
package struct MappedHalves: Sendable {
    package nonisolated(unsafe) let start: UnsafePointer<UInt16>
    package let count: Int
    let mapping: FileMapping
}

extension WeightSource {
    /// Reads a tensor as Float32; `destination` has room for exactly its elements.
    package func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
        try read(name, from: 0, into: destination)
    }

    /// Hands a tensor's `count` elements to `body`, in parts of some MB where the source has parts.
    package func forEachPart(
        of name: String,
        count: Int,
        _ body: (_ first: Int, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) throws {
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: readsParts ? min(count, 1 << 21) : count)
        defer { buffer.deallocate() }
        var first = 0
        while first < count {
            let part = UnsafeMutableBufferPointer(rebasing: buffer[..<min(buffer.count, count - first)])
            try read(name, from: first, into: part)
            try body(first, part)
            first += part.count
        }
    }
}
