import COneDNN
import Foundation

/// Matrix products by oneDNN, whose operands may be bf16, summed in fp32: on processors with bf16 instructions at twice
/// the speed of fp32.
///
/// One per thread. A primitive takes milliseconds to make, so each shape's is kept. oneDNN's own threads (OpenMP's)
/// stay out of it: our shards are the threads. `@unchecked Sendable`: it goes with its shard from thread to thread,
/// used by one at a time.
final class OneDNN: @unchecked Sendable {
    /// A matrix in memory, rows x columns; row-major, or, transposed, the transpose of a row-major one.
    struct Operand {
        let address: UnsafeRawPointer
        let leading: Int
        let isTransposed: Bool
    }

    private struct Shape: Hashable {
        let precision: Precision
        let rows: Int, columns: Int, depth: Int
        let leadingA: Int, leadingB: Int, leadingC: Int
        let transposesA: Bool, transposesB: Bool, accumulates: Bool
    }

    private struct Product {
        let primitive: dnnl_primitive_t
        var a: dnnl_memory_desc_t, b: dnnl_memory_desc_t, c: dnnl_memory_desc_t
    }

    /// Ragged batches keep bringing new numbers of rows: beyond this many shapes the cache is emptied.
    private static let keptShapes = 4096

    private let engine: dnnl_engine_t
    private let stream: dnnl_stream_t
    private var products: [Shape: Product] = [:]
    private let holdsThreads: (@convention(c) (Int32) -> Void)?

    init() {
        var engine: dnnl_engine_t?, stream: dnnl_stream_t?
        Self.check(dnnl_engine_create(&engine, dnnl_cpu, 0), "an engine")
        Self.check(dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue)), "a stream")
        self.engine = engine!
        self.stream = stream!
        // OpenMP's number of threads is a setting of the calling thread; oneDNN brings OpenMP with it, and no header of
        // it.
        holdsThreads = dlsym(nil, "omp_set_num_threads").map {
            unsafeBitCast($0, to: (@convention(c) (Int32) -> Void).self)
        }
    }

    deinit {
        forget()
        dnnl_stream_destroy(stream)
        dnnl_engine_destroy(engine)
    }

    /// Whether this processor multiplies bf16 in hardware.
    static let hasBFloat16 =
        dnnl_get_effective_cpu_isa().rawValue & dnnl_cpu_isa_avx512_core_bf16.rawValue
        == dnnl_cpu_isa_avx512_core_bf16.rawValue

    /// C[m, n] (+)= A[m, k] B[k, n]; A and B of `precision`, C fp32.
    func multiply(
        _ precision: Precision,
        rows m: Int,
        columns n: Int,
        depth k: Int,
        _ a: Operand,
        _ b: Operand,
        _ c: UnsafeMutablePointer<Float>,
        leading ldc: Int,
        accumulate: Bool
    ) {
        guard m > 0, n > 0, k > 0 else { return }
        holdsThreads?(1)
        var product = product(
            Shape(
                precision: precision,
                rows: m,
                columns: n,
                depth: k,
                leadingA: a.leading,
                leadingB: b.leading,
                leadingC: ldc,
                transposesA: a.isTransposed,
                transposesB: b.isTransposed,
                accumulates: accumulate
            )
        )
        var memories: [dnnl_memory_t?] = [nil, nil, nil]
        defer { for memory in memories { dnnl_memory_destroy(memory) } }
        Self.check(
            dnnl_memory_create(&memories[0], &product.a, engine, UnsafeMutableRawPointer(mutating: a.address)),
            "memory"
        )
        Self.check(
            dnnl_memory_create(&memories[1], &product.b, engine, UnsafeMutableRawPointer(mutating: b.address)),
            "memory"
        )
        Self.check(dnnl_memory_create(&memories[2], &product.c, engine, c), "memory")
        let arguments = zip([DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST], memories).map {
            dnnl_exec_arg_t(arg: $0, memory: $1)
        }
        Self.check(dnnl_primitive_execute(product.primitive, stream, Int32(arguments.count), arguments), "a product")
        Self.check(dnnl_stream_wait(stream), "a product")
    }

    private func product(_ shape: Shape) -> Product {
        if let known = products[shape] { return known }
        if products.count >= Self.keptShapes { forget() }
        func descriptor(_ type: dnnl_data_type_t, _ rows: Int, _ columns: Int, _ leading: Int, _ isTransposed: Bool)
            -> dnnl_memory_desc_t
        {
            var d = dnnl_memory_desc_t()
            let dimensions: [dnnl_dim_t] = [dnnl_dim_t(rows), dnnl_dim_t(columns)]
            let strides: [dnnl_dim_t] = isTransposed ? [1, dnnl_dim_t(leading)] : [dnnl_dim_t(leading), 1]
            Self.check(dnnl_memory_desc_init_by_strides(&d, 2, dimensions, type, strides), "a matrix")
            return d
        }
        var a = descriptor(shape.precision.type, shape.rows, shape.depth, shape.leadingA, shape.transposesA)
        var b = descriptor(shape.precision.type, shape.depth, shape.columns, shape.leadingB, shape.transposesB)
        var c = descriptor(dnnl_f32, shape.rows, shape.columns, shape.leadingC, false)
        var operation = dnnl_matmul_desc_t()
        Self.check(dnnl_matmul_desc_init(&operation, &a, &b, nil, &c), "a product")
        var attributes: dnnl_primitive_attr_t?, steps: dnnl_post_ops_t?
        Self.check(dnnl_primitive_attr_create(&attributes), "attributes")
        defer { dnnl_primitive_attr_destroy(attributes) }
        if shape.accumulates {
            Self.check(dnnl_post_ops_create(&steps), "a sum")
            defer { dnnl_post_ops_destroy(steps) }
            Self.check(dnnl_post_ops_append_sum(steps, 1), "a sum")
            Self.check(dnnl_primitive_attr_set_post_ops(attributes, steps), "a sum")
        }
        var description: dnnl_primitive_desc_t?, primitive: dnnl_primitive_t?
        Self.check(dnnl_primitive_desc_create(&description, &operation, attributes, engine, nil), "a product")
        defer { dnnl_primitive_desc_destroy(description) }
        Self.check(dnnl_primitive_create(&primitive, description), "a product")
        let product = Product(primitive: primitive!, a: a, b: b, c: c)
        products[shape] = product
        return product
    }

    private func forget() {
        for product in products.values { dnnl_primitive_destroy(product.primitive) }
        products.removeAll()
    }

    /// The shapes are ours, so a failure is not the user's: out of memory, or a broken library.
    private static func check(_ status: dnnl_status_t, _ what: String) {
        guard status != dnnl_success else { return }
        fatalError("oneDNN cannot make \(what): status \(status.rawValue)")
    }
}

extension Precision {
    fileprivate var type: dnnl_data_type_t { self == .fp32 ? dnnl_f32 : dnnl_bf16 }
}
