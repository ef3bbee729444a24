import ModelFiles

/// The parameters of one model, however they are held: `Weights`, fp32 and trainable, or `FrozenWeights`, bf16 as their
/// files have them.
public protocol ModelParameters: AnyObject, Sendable {
    var configuration: ModelConfiguration { get }
    var layout: WeightLayout { get }
    /// Bytes of memory that they take, mapped files included.
    var byteCount: Int { get }
    /// Of them those that stay while nobody reads them: what is mapped does not.
    var residentBytes: Int { get }
    /// The parameters from an offset of the layout on: of a norm or a bias.
    func vector(_ offset: Int) -> UnsafePointer<Float>
    /// Copies the embedding of a token, before it is scaled.
    func embed(_ id: Int, into row: UnsafeMutablePointer<Float>)
    /// All of them in fp32: itself, or a new copy.
    func single() throws -> Weights
}

extension ModelParameters {
    public var parameterCount: Int { layout.count }
}

extension Weights: ModelParameters {
    public var byteCount: Int { 4 * layout.count }
    public var residentBytes: Int { byteCount }
    public func vector(_ offset: Int) -> UnsafePointer<Float> { UnsafePointer(buffer.pointer + offset) }
    public func embed(_ id: Int, into row: UnsafeMutablePointer<Float>) {
        let width = configuration.hiddenSize
        row.update(from: buffer.pointer + layout.embedding.offset + id * width, count: width)
    }
    public func single() -> Weights { self }
}
