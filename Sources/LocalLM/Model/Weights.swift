/// One tensor of a model: its Hugging Face name, its shape (rows x columns as in PyTorch's `Linear.weight`,
/// that is out x in), and where it starts in the flat buffer, in floats.
public struct TensorSpecification: Sendable, Equatable {
    public enum Role: Sendable { case embedding, matrix, norm }
    public let name: String
    public let shape: [Int]
    public let role: Role
    public let offset: Int
    public var count: Int { shape.reduce(1, *) }
}

/// Where every tensor of a model lies in one flat buffer, so that optimizers, checkpoints and digests are loops.
///
/// q, k and v lie one behind the other, and so do gate and up: each group is one GEMM.
public struct WeightLayout: Sendable, Equatable {
    public let tensors: [TensorSpecification]
    public let count: Int

    public init(_ c: ModelConfiguration) {
        var tensors: [TensorSpecification] = []
        var offset = 0
        func add(_ name: String, _ shape: [Int], _ role: TensorSpecification.Role) {
            let tensor = TensorSpecification(name: name, shape: shape, role: role, offset: offset)
            tensors.append(tensor)
            offset += tensor.count
        }
        add("model.embed_tokens.weight", [c.vocabularySize, c.hiddenSize], .embedding)
        for layer in 0..<c.layerCount {
            let p = "model.layers.\(layer)."
            add(p + "input_layernorm.weight", [c.hiddenSize], .norm)
            add(p + "self_attn.q_proj.weight", [c.queryWidth, c.hiddenSize], .matrix)
            add(p + "self_attn.k_proj.weight", [c.keyValueWidth, c.hiddenSize], .matrix)
            add(p + "self_attn.v_proj.weight", [c.keyValueWidth, c.hiddenSize], .matrix)
            add(p + "self_attn.o_proj.weight", [c.hiddenSize, c.queryWidth], .matrix)
            add(p + "post_attention_layernorm.weight", [c.hiddenSize], .norm)
            add(p + "mlp.gate_proj.weight", [c.intermediateSize, c.hiddenSize], .matrix)
            add(p + "mlp.up_proj.weight", [c.intermediateSize, c.hiddenSize], .matrix)
            add(p + "mlp.down_proj.weight", [c.hiddenSize, c.intermediateSize], .matrix)
        }
        add("model.norm.weight", [c.hiddenSize], .norm)
        if !c.tiesEmbeddings { add("lm_head.weight", [c.vocabularySize, c.hiddenSize], .embedding) }
        self.tensors = tensors
        self.count = offset
    }
}

/// All parameters of one model, float32, in the order of its layout.
///
/// Shared freely while nobody trains it; the trainer works on a copy of its own.
public final class Weights: @unchecked Sendable {
    public let configuration: ModelConfiguration
    public let layout: WeightLayout
    public let buffer: FloatBuffer

    /// Zeros: a loader or an initializer fills them.
    public init(_ configuration: ModelConfiguration) {
        self.configuration = configuration
        layout = WeightLayout(configuration)
        buffer = FloatBuffer(count: layout.count)
    }

    public func copy() -> Weights {
        let other = Weights(configuration)
        other.buffer.copy(from: buffer)
        return other
    }

    public var parameterCount: Int { layout.count }

    public func pointer(_ tensor: TensorSpecification) -> UnsafeMutablePointer<Float> { buffer.pointer + tensor.offset }
}
