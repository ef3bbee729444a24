import Foundation

/// A fixed block of Float32, aligned to a cache line, zero at birth. The only owner of numeric memory in LocalLM, but
/// for what is mapped from files.
///
/// Untouched pages take no memory, so a cache can be allocated for the longest possible sequence.
/// Layers see it as raw pointers. It is `@unchecked Sendable`: its users give each thread a part of its own
/// (activations, gradients) or only reads it (weights).
public final class FloatBuffer: @unchecked Sendable {
    /// In floats.
    public let count: Int
    /// The first of `count` floats; valid as long as the buffer lives.
    public let pointer: UnsafeMutablePointer<Float>
    private let block: UnsafeMutableRawPointer?
    /// Of memory that is another's.
    private let owner: (any Sendable)?

    public init(count: Int) {
        precondition(count >= 0, "a buffer of \(count) floats")
        self.count = count
        let bytes = max(count, 16) * 4
        guard let block = calloc(bytes + 63, 1) else { fatalError("no memory for \(bytes) bytes") }
        self.block = block
        owner = nil
        pointer = block.alignedUp(toMultipleOf: 64).bindMemory(to: Float.self, capacity: max(count, 16))
    }

    /// Memory that stays as long as `owner`, aligned to a cache line.
    init(_ start: UnsafeMutableRawPointer, count: Int, of owner: any Sendable) {
        self.count = count
        self.owner = owner
        block = nil
        pointer = start.bindMemory(to: Float.self, capacity: count)
    }

    deinit { free(block) }

    /// Bounds are checked in debug builds and with `SELFIMPROVE_CHECKED=1` only, as everywhere in LocalLM (ADR 6).
    public subscript(index: Int) -> Float {
        get {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            return pointer[index]
        }
        set {
            precondition(index >= 0 && index < count, "index \(index) of \(count)")
            pointer[index] = newValue
        }
    }

    public func fill(_ value: Float) { pointer.update(repeating: value, count: count) }

    public func copy(from other: FloatBuffer) {
        precondition(count == other.count, "copying \(other.count) floats into \(count)")
        pointer.update(from: other.pointer, count: count)
    }

    public var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}
