/// The script of a letter, as far as languages are told apart by it.
enum Script: String, Sendable, CaseIterable {
    /// Codes of ISO 15924.
    case latin = "Latn", cyrillic = "Cyrl", greek = "Grek", armenian = "Armn", hebrew = "Hebr", arabic = "Arab"
    case devanagari = "Deva", bengali = "Beng", gurmukhi = "Guru", gujarati = "Gujr", tamil = "Taml", telugu = "Telu"
    case kannada = "Knda", malayalam = "Mlym", sinhala = "Sinh", thai = "Thai", lao = "Laoo", burmese = "Mymr"
    case georgian = "Geor", ethiopic = "Ethi", khmer = "Khmr", hangul = "Hang", kana = "Kana", han = "Hani"

    /// By blocks of Unicode; nil for what is no letter of these.
    init?(_ scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x41...0x5A, 0x61...0x7A, 0xAA, 0xBA, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x24F, 0x1E00...0x1EFF,
            0xFF21...0xFF3A, 0xFF41...0xFF5A:
            self = .latin
        case 0x370...0x373, 0x376...0x37D, 0x37F...0x3FF, 0x1F00...0x1FFF: self = .greek
        case 0x400...0x52F, 0x1C80...0x1C8F, 0x2DE0...0x2DFF, 0xA640...0xA69F: self = .cyrillic
        case 0x531...0x58A: self = .armenian
        case 0x5D0...0x5F2: self = .hebrew
        case 0x620...0x6FF, 0x750...0x77F, 0x8A0...0x8FF, 0xFB50...0xFDFF, 0xFE70...0xFEFC: self = .arabic
        case 0x900...0x97F: self = .devanagari
        case 0x980...0x9FF: self = .bengali
        case 0xA00...0xA7F: self = .gurmukhi
        case 0xA80...0xAFF: self = .gujarati
        case 0xB80...0xBFF: self = .tamil
        case 0xC00...0xC7F: self = .telugu
        case 0xC80...0xCFF: self = .kannada
        case 0xD00...0xD7F: self = .malayalam
        case 0xD80...0xDFF: self = .sinhala
        case 0xE00...0xE7F: self = .thai
        case 0xE80...0xEFF: self = .lao
        case 0x1000...0x109F: self = .burmese
        case 0x10A0...0x10FF, 0x1C90...0x1CBF: self = .georgian
        case 0x1200...0x139F: self = .ethiopic
        case 0x1780...0x17FF: self = .khmer
        case 0x1100...0x11FF, 0x3130...0x318F, 0xAC00...0xD7A3: self = .hangul
        case 0x3041...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF9D: self = .kana
        case 0x3005, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: self = .han
        default: return nil
        }
    }

    /// What one character weighs against a letter of an alphabet.
    var weight: Int {
        switch self {
        case .han, .kana, .hangul: 3
        default: 1
        }
    }

    /// What a text in this script is written in: a language of ISO 639-1 where the script has one of any size, else the
    /// script; nil where words must tell.
    var language: String? {
        switch self {
        case .latin, .han, .kana: nil
        case .greek: "el"
        case .armenian: "hy"
        case .hebrew: "he"
        case .georgian: "ka"
        case .thai: "th"
        case .lao: "lo"
        case .burmese: "my"
        case .khmer: "km"
        case .hangul: "ko"
        case .tamil: "ta"
        case .telugu: "te"
        case .kannada: "kn"
        case .malayalam: "ml"
        case .gujarati: "gu"
        case .gurmukhi: "pa"
        case .sinhala: "si"
        case .cyrillic, .arabic, .devanagari, .bengali, .ethiopic: rawValue
        }
    }
}
