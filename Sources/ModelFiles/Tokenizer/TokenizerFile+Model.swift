extension TokenizerFile {
    static func vocabulary(_ model: JSONValue) throws -> TokenTable {
        guard let members = model["vocab"]?.members else { throw damaged("model.vocab is missing or no object") }
        var ids = TokenTable(capacity: members.count)
        for member in members {
            guard let id = member.value.integer, id >= 0, id < maximumID else {
                throw damaged(
                    "the id of token \"\(member.key.prefix(60))\" is \(member.value.kind), not a whole number below \(maximumID)"
                )
            }
            var token = member.key
            _ = token.withUTF8 { ids.insert($0, Int32(id)) }
        }
        return ids
    }

    static func encoder(_ model: JSONValue, _ ids: TokenTable, isByteLevel: Bool) throws -> BytePairEncoder {
        func refuse(_ what: String) -> LocalLMError {
            LocalLMError(.unsupported, "unsupported \(what) in the BPE model of tokenizer.json")
        }
        if model["dropout"]?.real ?? 0 != 0 { throw refuse("dropout") }
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] where !(model[key]?.string ?? "").isEmpty {
            throw refuse(key)
        }
        var unknown: Int32?
        if let name = model["unk_token"]?.string {
            unknown = ids[Array(name.utf8)]
            if unknown == nil { throw damaged("the unknown token \"\(name.prefix(60))\" is not in the vocabulary") }
        }
        let symbols = SymbolTable(
            ids,
            isByteLevel: isByteLevel,
            byteFallback: model["byte_fallback"]?.bool ?? false,
            unknown: unknown,
            fusesUnknown: model["fuse_unk"]?.bool ?? false
        )

        guard let list = model["merges"]?.array else { throw damaged("model.merges is missing or no array") }
        var merges = PairTable(capacity: list.count)
        var pairs: [(left: Int32, right: Int32)] = []
        if !isByteLevel { pairs.reserveCapacity(list.count) }
        var highest: Int32 = -1
        ids.forEach { highest = max(highest, $1) }
        var ends = [(first: UInt32, last: UInt32)?](repeating: nil, count: isByteLevel ? 0 : Int(highest) + 1)
        var both: [UInt8] = []
        for (rank, entry) in list.enumerated() {
            let pair = try withMerge(entry, rank) { left, right in
                func id(_ token: UnsafeBufferPointer<UInt8>) throws -> Int32 {
                    guard let id = ids[token] else {
                        let name = String(decoding: token.prefix(60), as: UTF8.self)
                        throw damaged("merge \(rank) needs the token \"\(name)\", which is not in the vocabulary")
                    }
                    return id
                }
                both.removeAll(keepingCapacity: true)
                both.append(contentsOf: left)
                both.append(contentsOf: right)
                let pair = (left: try id(left), right: try id(right))
                merges.insert(
                    pair.left,
                    pair.right,
                    (Int32(truncatingIfNeeded: rank), try both.withUnsafeBufferPointer(id))
                )
                if !isByteLevel {
                    for (token, id) in [(left, pair.left), (right, pair.right)]
                    where !token.isEmpty && ends[Int(id)] == nil {
                        ends[Int(id)] = (
                            token.scalarValue(at: 0).value,
                            token.scalarValue(at: token.scalarStart(before: token.count)).value
                        )
                    }
                }
                return pair
            }
            if !isByteLevel { pairs.append(pair) }
        }

        var wholeWords: TokenTable?
        if model["ignore_merges"]?.bool ?? false {
            wholeWords = isByteLevel ? ByteAlphabet.decoded(ids) : ids
        }
        return BytePairEncoder(
            symbols: symbols,
            merges: merges,
            cuts: isByteLevel ? nil : MergeBoundaries(pairs, symbols: symbols, text: ends),
            wholeWords: wholeWords
        )
    }

    /// Both forms of a merge: `"a b"` and `["a", "b"]`.
    private static func withMerge<Result>(
        _ entry: JSONValue,
        _ rank: Int,
        _ body: (UnsafeBufferPointer<UInt8>, UnsafeBufferPointer<UInt8>) throws -> Result
    ) throws -> Result {
        let malformed = { damaged("merge \(rank) is not two tokens") }
        switch entry {
        case .string(var text):
            return try text.withUTF8 { text in
                guard let space = text.firstIndex(of: UInt8(ascii: " ")),
                    !text[(space + 1)...].contains(UInt8(ascii: " "))
                else { throw malformed() }
                return try body(
                    UnsafeBufferPointer(rebasing: text[..<space]),
                    UnsafeBufferPointer(rebasing: text[(space + 1)...])
                )
            }
        case .array(let values):
            guard values.count == 2, var left = values[0].string, var right = values[1].string else {
                throw malformed()
            }
            return try left.withUTF8 { left in try right.withUTF8 { right in try body(left, right) } }
        default: throw malformed()
        }
    }
}
