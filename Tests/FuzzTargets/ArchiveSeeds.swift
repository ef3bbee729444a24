import Foundation

/// Zip archives as Python's `zipfile` writes them: stored, and deflated with codes of its own and with fixed ones.
enum ArchiveSeeds {
    static let all: [[UInt8]] = [
        [UInt8](
            Data(
                base64Encoded:
                    "UEsDBBQAAAAIAAAAIVoC6RYDrgAAAJcCAAAMAAAAYS9tb2RlbC5nZ3VmbVEJDsMgDPsKX4u6SptU6CS6/zcXNlRTBaGJsZ3Q"
                    + "5SrtPFvZ9CC+92P/rru0V0lIJK737klbftsSiTUkGKsEeKxfuz4HrivIAguamHWRNBoNKAsoAuLO0IChI0+ESennxmbyPx2k"
                    + "K1t9YbMTZ7Aqk60uU5rmFTrchgCvpw0N8U/r6KOO96KMZAltEE3qhYrGQIc6GyFitMWHmhQfbuDCBg35mHvOLyUctWXuMasb"
                    + "UEsDBBQAAAAIAAAAIVqDQaSqCgAAAAgAAAAKAAAAYS9NRVRBREFUQfNLzE21UkjkAgBQSwECFAMUAAAACAAAACFaAukWA64A"
                    + "AACXAgAADAAAAAAAAAAAAAAAgAEAAAAAYS9tb2RlbC5nZ3VmUEsBAhQDFAAAAAgAAAAhWoNBpKoKAAAACAAAAAoAAAAAAAAA"
                    + "AAAAAIAB2AAAAGEvTUVUQURBVEFQSwUGAAAAAAIAAgByAAAACgEAAAAA"
            )!
        ),
        [UInt8](
            Data(
                base64Encoded:
                    "UEsDBBQAAAAAAAAAIVq8JjABeAAAAHgAAAAKAAAAbW9kZWwuR0dVRnNhdCBub29uIGNhdCBhIGNhdCBzbGVwdCBzbGVwdCBz"
                    + "bGVwdCBhbmQgb24gY2F0IHNsZXB0IHRoZSBhbmQgYW5kIG5vb24gdGhlIHNsZXB0IGEgb24gbm9vbiBjYXQgbWF0IHRoZSB0"
                    + "aGUgdGhlIHVudGlsIHRoZVBLAQIUAxQAAAAAAAAAIVq8JjABeAAAAHgAAAAKAAAAAAAAAAAAAACAAQAAAABtb2RlbC5HR1VG"
                    + "UEsFBgAAAAABAAEAOAAAAKAAAAAAAA=="
            )!
        ),
        [UInt8](
            Data(
                base64Encoded:
                    "UEsDBBQAAAAIAAAAIVp9jnzwEwAAAIgEAAAKAAAAbW9kZWwuZ2d1ZktMxA2S8MiNSo5KjkqOSlJLEgBQSwECFAMUAAAACAAA"
                    + "ACFafY588BMAAACIBAAACgAAAAAAAAAAAAAAgAEAAAAAbW9kZWwuZ2d1ZlBLBQYAAAAAAQABADgAAAA7AAAAAAA="
            )!
        ),
        [UInt8](
            Data(
                base64Encoded:
                    "UEsDBBQAAAAIAAAAIVrCQSQ1BQAAAAMAAAAKAAAAbW9kZWwuZ2d1ZktMSgYAUEsDBBQAAAAAAAAAIVoAAAAAAAAAAAAAAAAO"
                    + "AAAAZW1wdHkuZ2d1Zi50eHRQSwECFAMUAAAACAAAACFawkEkNQUAAAADAAAACgAAAAAAAAAAAAAAgAEAAAAAbW9kZWwuZ2d1"
                    + "ZlBLAQIUAxQAAAAAAAAAIVoAAAAAAAAAAAAAAAAOAAAAAAAAAAAAAACAAS0AAABlbXB0eS5nZ3VmLnR4dFBLBQYAAAAAAgAC"
                    + "AHQAAABZAAAAAAA="
            )!
        ),
    ]
}
