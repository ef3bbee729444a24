import ModelFiles

/// One tensor of a model: its Hugging Face name, its shape (rows x columns as in PyTorch's `Linear.weight`,
/// that is out x in), and where it starts in the flat buffer, in floats.
public struct TensorSpecification: Sendable, Equatable {
    /// Norms and biases are not decayed.
    public enum Role: Sendable {
        case embedding, matrix, norm, bias
        var decays: Bool { self != .norm && self != .bias }
    }
    /// `model.layers.0.self_attn.q_proj.weight`
    public let name: String
    /// Rows x columns, or the length of a vector.
    public let shape: [Int]
    public let role: Role
    /// In floats, from the start of the buffer.
    public let offset: Int
    public var count: Int { shape.reduce(1, *) }
}

/// Where every tensor of a model lies in one flat buffer, so that optimizers, checkpoints and digests are loops.
///
/// q, k and v are adjacent, and so are gate and up: each group is one GEMM.
public struct WeightLayout: Sendable, Equatable {
    /// In the order of the buffer.
    public let tensors: [TensorSpecification]
    /// Floats of all tensors.
    public let count: Int
    /// Where the parts of each layer start.
    let layers: [LayerOffsets]
    let finalNorm: Int
    let embedding: Matrix
    /// The output projection: the embedding matrix where they are tied.
    let head: Matrix

    /// The weight of a linear layer y = x W^T, W out x in, or of several adjacent ones that share their input.
    struct Matrix: Sendable, Equatable {
        var offset = 0, inputs = 0, outputs = 0

        /// This one and those after it.
        func joined(with others: Matrix...) -> Matrix {
            Matrix(offset: offset, inputs: inputs, outputs: others.reduce(outputs) { $0 + $1.outputs })
        }
    }

    /// Offsets of a layer's matrices, norms and biases; nil where the family has none.
    struct LayerOffsets: Sendable, Equatable {
        var queryKeyValue = Matrix(), output = Matrix()
        /// Together, and each.
        var gateUp = Matrix(), gate = Matrix(), up = Matrix()
        var down = Matrix()
        /// Before attention and before the feed-forward network.
        var input = 0, middle = 0
        /// After them.
        var attentionPost: Int?, feedForwardPost: Int?
        var query: Int?, key: Int?
        /// Biases of q, k and v, one after the other.
        var bias: Int?
    }

    public init(_ c: ModelConfiguration) {
        var tensors: [TensorSpecification] = []
        var offset = 0
        @discardableResult func add(_ name: String, _ shape: [Int], _ role: TensorSpecification.Role) -> Int {
            let tensor = TensorSpecification(name: name, shape: shape, role: role, offset: offset)
            tensors.append(tensor)
            offset += tensor.count
            return tensor.offset
        }
        func matrix(_ name: String, inputs: Int, outputs: Int, _ role: TensorSpecification.Role = .matrix) -> Matrix {
            Matrix(offset: add(name, [outputs, inputs], role), inputs: inputs, outputs: outputs)
        }
        embedding = matrix("model.embed_tokens.weight", inputs: c.hiddenSize, outputs: c.vocabularySize, .embedding)
        var layers: [LayerOffsets] = []
        for layer in 0..<c.layerCount {
            let p = "model.layers.\(layer)."
            var offsets = LayerOffsets()
            func norm(_ name: String, _ width: Int? = nil) -> Int {
                add(p + name + ".weight", [width ?? c.hiddenSize], .norm)
            }
            offsets.input = norm("input_layernorm")
            let query = matrix(p + "self_attn.q_proj.weight", inputs: c.hiddenSize, outputs: c.queryWidth)
            let key = matrix(p + "self_attn.k_proj.weight", inputs: c.hiddenSize, outputs: c.keyValueWidth)
            let value = matrix(p + "self_attn.v_proj.weight", inputs: c.hiddenSize, outputs: c.keyValueWidth)
            offsets.queryKeyValue = query.joined(with: key, value)
            if c.hasQueryKeyValueBias {
                offsets.bias = add(p + "self_attn.q_proj.bias", [c.queryWidth], .bias)
                add(p + "self_attn.k_proj.bias", [c.keyValueWidth], .bias)
                add(p + "self_attn.v_proj.bias", [c.keyValueWidth], .bias)
            }
            if c.normalizesQueriesAndKeys {
                offsets.query = norm("self_attn.q_norm", c.headDimension)
                offsets.key = norm("self_attn.k_norm", c.headDimension)
            }
            offsets.output = matrix(p + "self_attn.o_proj.weight", inputs: c.queryWidth, outputs: c.hiddenSize)
            if c.hasPostNorms {
                offsets.attentionPost = norm("post_attention_layernorm")
                offsets.middle = norm("pre_feedforward_layernorm")
            } else {
                offsets.middle = norm("post_attention_layernorm")
            }
            offsets.gate = matrix(p + "mlp.gate_proj.weight", inputs: c.hiddenSize, outputs: c.intermediateSize)
            offsets.up = matrix(p + "mlp.up_proj.weight", inputs: c.hiddenSize, outputs: c.intermediateSize)
            offsets.gateUp = offsets.gate.joined(with: offsets.up)
            offsets.down = matrix(p + "mlp.down_proj.weight", inputs: c.intermediateSize, outputs: c.hiddenSize)
            if c.hasPostNorms { offsets.feedForwardPost = norm("post_feedforward_layernorm") }
            layers.append(offsets)
        }
        finalNorm = add("model.norm.weight", [c.hiddenSize], .norm)
        head =
            c.tiesEmbeddings
            ? embedding : matrix("lm_head.weight", inputs: c.hiddenSize, outputs: c.vocabularySize, .embedding)
        self.tensors = tensors
        self.layers = layers
        self.count = offset
    }
}

/// All parameters of one model, float32, in the order of its layout.
///
/// Shared freely, because a trainer works on a copy of its own.
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

    public func pointer(_ tensor: TensorSpecification) -> UnsafeMutablePointer<Float> { buffer.pointer + tensor.offset }
}
