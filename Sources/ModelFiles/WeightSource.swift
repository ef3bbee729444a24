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
    /// Reads a tensor as Float32; `destination` has room for exactly its elements.
    func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws
}
