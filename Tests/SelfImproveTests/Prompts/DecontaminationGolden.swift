// Made by Tests/Parity/decontamination.py --golden

/// Rows of JSON.
enum DecontaminationGolden {
    static let evaluation = #"""
        {"turns": ["have ", "each well-known photosynthesis these for if река façade straße 한국어 violin "]}
        {"turns": ["ＡＢＣ x+y café ΟΔΟΣ will how mountain river is how C++ ", "*can　50/50 \n\n"]}
        {"turns": ["½ e.g. 100% 50/50 भाषा do żółw ภาษา velocity 5−3 glacier ≤ 100% ", "中文问题 ภาษา 42 中文问题 می‌شود other C++ will violin 2^10 state-of-the-art o'clock ﬁnal state-of-the-art so 5−3 e.g. this 12 of them but his are harvest has but can violin triangle "]}
        {"turns": [""]}
        {"turns": ["it with 50/50 50/50 about velocity is have all at is was in straße enzyme we if out the café on velocity their for a 7 what recipe 2024 5−3 that well-known भाषा on parliament żółw said 😀 into by COVID-19 not is भाषा we façade می‌شود C++ your 12 market parliament λόγος to an with photosynthesis it there do "]}
        {"turns": ["*RIVER\t\"it　velocity\nriver \n\n한국어 - be  photosynthesis from: Has  *50/50　enzyme　ΟΔΟΣ　glacier  "]}
        {"turns": [""]}
        {"turns": ["ﬁnal do what or theorem not had in up river not would "]}
        {"turns": ["ภาษา 中文问题 state-of-the-art café these so שלום ΟΔΟΣ in as λόγος up one 2^10 e.g. to were e.g. don't straße well-known to ① had not well-known she to 漢字 his "]}
        {"turns": ["ภาษา so be a satellite is straße well-known this other 5−3 then all "]}
        {"turns": ["what is 2 *8? "]}
        {"turns": [""]}
        {"turns": ["what is 4 % 1? "]}
        {"turns": ["**5−3 Market; "]}
        {"turns": ["have one be -5 how which ½ at or for we can’t naïve river 3.14 مرحبا about recipe what said ΟΔΟΣ one 3.14 velocity enzyme each if ภาษา mountain Ångström -5 which ＡＢＣ مرحبا that café up façade as co­operate engine Ångström photosynthesis ① １２ 50/50 3.14 from into them Ångström café of COVID-19 ภาษา ＡＢＣ how one to Ångström "]}
        {"turns": ["had naïve many engine then ", "an of שלום co­operate photosynthesis about ＡＢＣ some be 42 the می‌شود they ", "می‌شود 1,000 こんにちは violin こんにちは that from 7 about Ångström enzyme can as do ≤ café ภาษา can’t said of "]}
        {"turns": ["the e.g. it café 한국어 some well-known ≤ can co­operate o'clock this market "]}
        {"turns": ["1,000 state-of-the-art façade by so façade their or "]}
        {"turns": ["こんにちは\nriver，　glacier\nhis　what\n"]}
        {"turns": ["e.g. these x+y -5 this 1,000 こんにちは 50/50 will ≤ 한국어 don't "]}
        {"turns": ["한국어 would "]}
        {"turns": ["had \n\nmountain\t", "them straße out -5 an can river violin größe żółw 12 glacier a/b ", "(żółw \n\n*don't\t**be\ni.e.　Well-Known \n\n\"İstanbul， Co­Operate　about  market;  100% مرحبا\n2^10\tor out　*COVID-19 café we\tthat \n\nnot  _42 will\t**-5 \n\nthis\nשלום of。\na/b  mountain naïve　satellite　１２ \n\nTHEIR - 50/50 COVID-19 (many　≤ \"one your \n\nsome”　3.14 _photosynthesis…　your)\nλόγος:  50/50  (photosynthesis\tor \n\n12\tthem\nvelocity\n**Theorem”\ton　2024　Straße\this \n\nYOUR\thow,  They　река \n\n한국어　harvest  there "]}
        {"turns": ["all! \n\n2024 İstanbul.  (has \n\n(as; façade\t😀　(5−3　x+y by  6×7 \n\nżółw 中文问题 —\t\"each ① café,  漢字 on　(BUT 漢字　"]}
        {"turns": ["about ", "façade:  "]}
        {"turns": ["of photosynthesis but 42 other about is which москва by 2024 ＡＢＣ are 😀 theorem they co­operate an that an his are many a 2024 theorem an straße 5−3 the there all velocity but ＡＢＣ these as would café 2024 façade do not their so about größe many itʼs 12 река your москва there İstanbul COVID-19 itʼs had had 😀 "]}
        {"turns": ["5−3 glacier has λόγος an not that many these then façade was an is "]}
        {"turns": ["what is 1 % 4? "]}
        {"turns": ["with x+y enzyme 12 مرحبا be λόγος １２ to satellite there "]}
        {"turns": ["größe they "]}
        {"turns": ["glacier have 6×7 2^10 mountain their itʼs has many 1,000 façade ﬁnal mountain "]}
        {"turns": ["his market velocity an façade שלום were 中文问题 façade İstanbul 😀 café satellite would "]}
        {"turns": [""]}
        {"turns": ["the "]}
        {"turns": ["река　**żółw RIVER. HARVEST　had\n“e.g. 50/50 -　6×7\n_at\tこんにちは\tother\tglacier　“is that\t2^10 was there! your SOME\na/b \n\ntheorem \n\n“are\nwhich　can’t　not　or… Can שלום.\t**an\tit  state-of-the-art \n\nviolin\n😀 \n\nare \"100%\t12)\none\t_50/50 \n\nbut  42…  _e.g.，\tengine\t2^10” satellite \n\ntheir　is on!\t12 שלום. \n\nof \n\n42　are　this”　(שלום\tмосква? ΛΌΓΟΣ　theorem\nup \n\ndo\tON "]}
        {"turns": ["100% up can’t in was velocity other Ångström they 50/50 what at triangle river them not a Ångström from glacier other as Ångström москва we said москва there こんにちは straße as up مرحبا שלום भाषा do 6×7 we 42 which in photosynthesis out their ① photosynthesis 한국어 １２ ภาษา them ΟΔΟΣ שלום violin other 100% it İstanbul that москва o'clock "]}
        {"turns": ["2^10 market harvest velocity ＡＢＣ 中文问题 e.g. ภาษา velocity if こんにちは recipe 50/50 λόγος ", "triangle "]}
        {"turns": ["what is 7 * 5? "]}
        {"turns": [""]}
        {"turns": ["x+y Ångström how C++ from 2^10 żółw mountain 한국어 one to ", "that o'clock \n\n6×7 an —\nas　of\t3.14　ÅNGSTRÖM?\t2^10\na!  co­operate) ", "some into C++ will 1,000 o'clock façade می‌شود ＡＢＣ glacier have these e.g. theorem 50/50 straße up theorem into so ＡＢＣ mountain İstanbul violin some do the Ångström 😀 50/50 "]}
        {"turns": ["she up می‌شود a can so would the have 中文问题 she out harvest İstanbul in of 50/50 all well-known for e.g. １２ café when this ภาษา how your 中文问题 they "]}
        """#
    static let prompts = #"""
        {"turns": ["ภาษา so be a satellite is straße well-known this other 5−3 then this "]}
        {"turns": ["So\triver　(glacier\nhis WHAT "]}
        {"turns": ["their be　are\t(an 6×7;  ½ \n\n-5,  co­operate\ncan’t itʼs  they　their　All\na  by \n\nyour 100%　said  itʼs。\tthere\nor?\nhas? has)\n1,000 BY　(out,　שלום!\nSo，　①　_for  1,000  москва　≤  7 \n\nout\twere was we:\tgröße\nwhich　"]}
        {"turns": ["so can’t with 한국어 into some triangle "]}
        {"turns": ["naïve\nWHAT， ½ ΟΔΟΣ\nis IS about\t"]}
        {"turns": ["x+y his こんにちは was москва こんにちは theorem ﬁnal with Ångström violin were 漢字 recipe o'clock λόγος theorem will triangle were that engine we naïve река "]}
        {"turns": ["*on *his\"　some\nFor　enzyme up\tif ≤ \n\n42，　have река do not\t½ recipe triangle a \n\n\"so VIOLIN\twith  into\twould\tco­operate  5−3 \n\n漢字　to for \n\nSTATE-OF-THE-ART　**ﬁnal - \n\nwould  ΟΔΟΣ  had  中文问题 \n\nภาษา， _each About \n\nitʼs \n\nwhich **when) out　that　1,000\nas \n\nharvest　*İstanbul "]}
        {"turns": ["Ångström straße for ﬁnal 6×7 café by or ≤ ＡＢＣ 😀 on about velocity 42 façade a/b a/b photosynthesis こんにちは ½ λόγος there which them these these not on are λόγος this żółw ภาษา about COVID-19 größe there a is Ångström ① their out itʼs your not what out so these she all 12 was theorem 2024 was their 1,000 "]}
        {"turns": ["What is 4 −3?"]}
        {"turns": ["GröSse” they "]}
        {"turns": ["of　photosynthesis\tbut\t42\nOTHER\nabout\"  is\nwhich　москва\n*by 2024  ＡＢＣ\nARE…　😀\ntheorem\n**they co­operate　an　that  an　(his are。　many a \n\n2024 \n\ntheorem　an，  _straße\n5−3 the　there  all\nvelocity  but _ＡＢＣ these　as \n\nWOULD \n\n_café…\t2024\tfaçade\n(do  Not　Their _so　about”\t_größe  many \n\nItʼS. 12!\tРЕКА \n\nyour!\tмосква　there —　*İstanbul COVID-19 itʼs,\nhad　had\n😀\t"]}
        {"turns": ["1,000 state-of-the-art ", "façade by so façade their or "]}
        {"turns": ["not ① می‌شود all it one of photosynthesis but 42 other about is which москва by 2024 ＡＢＣ are 😀 theorem they co­operate an that an his are many a 2024 theorem an straße 5−3 the there all velocity but ＡＢＣ these as would café 2024 façade do not their so about größe many itʼs 12 река your москва there İstanbul COVID-19 itʼs had had 😀 5−3 out velocity which e.g. his 7 "]}
        {"turns": ["don't velocity she recipe how is photosynthesis 😀 co­operate about москва if by it would naïve مرحبا from 2024 an at well-known Ångström harvest their what naïve how 100% their 1,000 façade from if were glacier مرحبا velocity mountain façade engine up some café a/b this itʼs 5−3 parliament of москва recipe satellite harvest that enzyme harvest １２ are İstanbul "]}
        {"turns": ["COVID-19　when \n\nmarket\n*i.e. -　when  C++ can’t\ntriangle \n\nan by by\nΟΔΟΣ　said if\ttheir  \"ﬁnal 😀。  straße \n\nbe  река  1,000  (at? \n\nbe\tこんにちは do ①\" "]}
        {"turns": ["have each well-known photosynthesis these ", "for if река façade straße 한국어 violin "]}
        {"turns": ["5−3)  glacier \n\nhas -\tλόγος an　not\n*THAT\tmany\nthese　Then  façade was\tan 6×7 \n\n"]}
        {"turns": ["“his\nmarket velocity　an\tfaçade　שלום\nwere \n\n*中文问题! “façade  İstanbul - \n\n\"😀 café　satellite\twould "]}
        {"turns": ["from have each well-known photosynthesis these for if река façade straße 한국어 violin 6×7 in engine １２ harvest triangle река one velocity triangle what then they for satellite when harvest to and photosynthesis "]}
        {"turns": ["What is 7 -5?"]}
        {"turns": ["or \n\ntheorem\tViolin\nWhen recipe  “Can’T　which\thow\tdo， \"it\" \n\nwhen \n\nsaid **こんにちは ≤　there  “of  THEN\n\"so\n½\t½　e.g.\n100% \n\n50/50。\nभाषा　do żółw  ภาษา velocity;  5−3 glacier ≤\t100%　中文问题　ภาษา **42\n中文问题。 می‌شود other\t**C++ WILL… \n\n**violin\t**2^10\tstate-of-the-art \n\n“o'clock\tﬁnal\nstate-of-the-art\nso\t\"5−3:\ne.g. this\t12　of:  Them but his\n**are harvest \n\n*has \n\nbut\t**can \n\nviolin:\ntriangle  would\tsaid\ninto，\tCOVID-19\nC++\te.g.\t_itʼs\n\"have \n\ncafé\tone　there  \"photosynthesis　had \n\n“C++\n“i̇stanbul\t≤ \"漢字  "]}
        {"turns": ["to\t-5\t**3.14 up \n\nfor\tif;\n42\ndo\n“or to \n\nup\t１２ 3.14 *recipe **this recipe.\nall　ItʼS　"]}
        {"turns": ["A/B\nan which\tHIS　1,000: \n\nFINAL\n“parliament)  **then  \"2^10　triangle recipe \n\n\"they?\n１２\nभाषा　market “żółw \n\n(an　漢字)\tup می‌شود engine\te.g.　would  2024 - **42　≤ \n\nмосква \n\nabout other\nAre can’t　so  what ①  こんにちは \n\nभाषा\n“is” "]}
        {"turns": ["she　up　می‌شود! a?  can  so \n\nWould\n\"the \n\nHAVE 中文问题 she Out\nharvest\tİstanbul —  in of \n\n50/50\tall - well-known \n\nfor”\ne.g. as café \n\nwhen\nthis; _ภาษา\thow \n\nyour \n\n中文问题 \n\n“THEY\n"]}
        {"turns": ["which:  about be  2024\nenzyme\n_are 42 — \n\ntriangle! not\tSATELLITE\"\nwas \n\nshe\twhen\nwith \n\nshe  up می‌شود \n\na \n\ncan\nso would \n\nthe\n*have  **中文问题 — She \n\nout harvest  İstanbul in\tof\t_50/50 \n\nall \n\n“well-known \n\nfor  e.g. \n\n１２… _café \n\nwhen\nthis\tภาษา\thow.　your，\t中文问题 \n\nthey  oʼclock\" x+y \n\nשלום! \n\nhave \n\nwhich\twould\nこんにちは　a \n\nΟΔΟΣ\tmarket\tphotosynthesis **a/b\thas -\nΟΔΟΣ\nhow: ภาษา\thas) \n\nriver:　be  "]}
        {"turns": ["engine his she İstanbul مرحبا if each well-known café photosynthesis "]}
        {"turns": ["it said was glacier i.e. an there said are 2024 we an 😀 co­operate co­operate would café can she about façade "]}
        {"turns": ["こんにちは river glacier his what "]}
        {"turns": ["😀 中文问题 größe she recipe itʼs that your can’t x+y were as in the can’t to façade C++ with "]}
        {"turns": ["What is 4 % 1?"]}
        {"turns": ["don't café　“می‌شود  for an\n½ \n\n１２ E.G. to WERE”\n\"e.g.  don't\nSTRASSE\tWell-Known　to　① \n\nhad. not。  state-of-the-art “café\ngröße\" Straße\n(or  6×7\t_ARE\n3.14　on \n\nso do:\n*1,000\tnot。  -5　2^10 don't　said\tare,　be _they "]}
        {"turns": [""]}
        {"turns": ["2^10  “Market \n\n(harvest, \n\nVELOCITY? but \n\n中文问题　e.g.. **ภาษา \n\nvelocity\tif  こんにちは  recipe \n\n50/50\tλόγος\t", "triangle　"]}
        {"turns": ["glacier have 6×7 2^10 mountain their itʼs has engine 1,000 façade ﬁnal mountain "]}
        {"turns": ["enzyme — \n\nλόγος  e.g. _state-of-the-art \n\nto می‌شود not?  itʼs\ncan” \n\n(is 2024 \n\n“she;\t“we \n\ngröße were UP\nλόγος — (the state-of-the-art， a/b \n\n\"Each\t7\tＡＢＣ λόγος at i.e.”　can’t\n(market，  2024\n中文问题\nabout enzyme\neach \n\n"]}
        {"turns": ["İstanbul market ＡＢＣ naïve be up recipe is if e.g. ½ 2^10 a his well-known o'clock are which ภาษา ภาษา not don't from -5 their for said to violin many ≤ not on 100% as COVID-19 not "]}
        {"turns": ["about?\n", "façade "]}
        {"turns": ["at\"  😀 as, ภาษา:\nthen (be　she —　when and。 or o’clock how  שלום\"  ½　river\ntriangle: \n\n5−3 C++ so -\n１２　one\tstate-of-the-art.\tstate-of-the-art\nenzyme” \n\nif,  some  don't \n\n(then \n\nOn\t“Straße:　москва enzyme then” A\"　or  C++\tVelocity  All שלום 漢字 \n\nto many\"  naïve 100%…　≤\tif\t**photosynthesis\tengine\tstate-of-the-art  भाषा\tTHEY\nparliament　İstanbul\nmountain　москва  glacier \n\nthese”  Can ภาษา then\t"]}
        {"turns": ["had \n\nan\thad  mountain　THEM  straße \n\nout\n-5\nan:\ncan:　\"river  VIOLIN größe!\tŻÓŁW 12　glacier \n\na/b\tżółw  don't \n\n*be　i.e.　well-known \n\nİstanbul  co­operate _About) MARKET\n100%\tمرحبا  2^10  or \n\nout, \n\nCOVID-19…\n*café\n“we:  that  not 42\t“will\t-5\nthis\nשלום - of \n\n**a/b _Mountain　naïve　satellite　１２ their \n\n50/50 COVID-19 \n\nmany ≤  One\nyour\tsome\t3.14　photosynthesis\tyour λόγος  50/50\t“photosynthesis \n\nor, 12 \n\nthem”\tvelocity。 theorem -　on 2024,  Straße?  his! \n\nyour, how they  река… 한국어\tharvest —\tthere\trecipe\nvelocity  were \n\nstraße　satellite  so \n\n**مرحبا\tRiver \n\nHAS  mountain  😀\t"]}
        {"turns": ["größe １２ as don't many them when itʼs don't don't satellite all there café theorem up are enzyme می‌شود would one state-of-the-art not "]}
        {"turns": ["your *5−3 theorem in e.g. -5 —\n3.14 ภาษา —\tрека　**violin。 \n\nрека  **the　all  they\tsome -　had \n\nрека - \n\nglacier\nمی‌شود” 😀  \"she\tＡＢＣ　“it\nC++\t-5\tglacier - so \n\nthe”\nGlacier　река o'clock:\n“5−3 about)　engine; \n\nfrom　these　are)\tcan i.e.,　😀，　**will\n_5−3\nthere\tmany. Market?\n"]}
        {"turns": ["river\nit \n\nvelocity River… *한국어。 \n\n\"be” photosynthesis  from \n\nhas  50/50　enzyme\" \n\nΟΔΟΣ \n\nglacier \n\n"]}
        {"turns": ["it with 50/50 50/50 about velocity is have all at is was in straße enzyme we if out the café on velocity their for a 7 what recipe 2024 5−3 that well-known भाषा on parliament żółw said 😀 into by COVID-19 not is भाषा we façade می‌شود C++ your 12 market parliament λόγος to an with photosynthesis it there do "]}
        {"turns": ["it with 50/50 50/50 about velocity is have all at is was in straße enzyme we if out the café on velocity their for a 7 what recipe 2024 5−3 that well-known भाषा on parliament żółw said 😀 into by COVID-19 not is भाषा we façade می‌شود C++ your 12 market parliament λόγος to an with photosynthesis it there do "]}
        {"turns": ["한국어 _would… \n\n"]}
        {"turns": ["can\ta/b triangle  his:\tمی‌شود　at\tbe have \n\n2^10 café so　_of　12 12\tcafé\t**has  2024  other  His\"  they\nHis\twere， \n\nstate-of-the-art,\nwere\n*these　C++　so as　café “3.14\t*at\tשלום　“glacier all　but　2024\ncan… itʼs \n\n2024.\n"]}
        {"turns": ["*had  mountain -  ", "them straße\nout\n-5 \n\nan\t**can\triver。 **violin\ngröße żółw\t12\nglacier) \n\na/b　", "żółw　don't be\ni.e.  Well-Known  i̇stanbul  co­operate about \n\nmarket\n100% مرحبا.　2^10. \"or “out COVID-19 \n\ncafé. we  that not!\t42 Will\t-5 \n\nthis  *שלום “of _a/b  mountain  naïve　satellite １２ \n\ntheir  50/50  COVID-19  many　≤)\tone\nyour \n\nsome  3.14\nphotosynthesis\n_your - λόγος -　50/50  photosynthesis.\nor　12。　them\nvelocity　THEOREM,\ton…　2024\tstraße —  his!  your” how) They Река \n\n한국어  harvest\tthere\t"]}
        {"turns": ["then is 4 % 1? "]}
        {"turns": ["don't naïve 2^10 out do each not enzyme are said o'clock ＡＢＣ COVID-19 this satellite COVID-19 café are on żółw река state-of-the-art river x+y भाषा as it こんにちは o'clock enzyme for москва Ångström façade some velocity violin ½ 2^10 COVID-19 e.g. his theorem has 6×7 glacier with photosynthesis 5−3 e.g. co­operate are all which "]}
        {"turns": ["\"the - e.g. it café　한국어  some  well-known ≤　can \n\nco­operate O‘CLOCK \n\nthis　MARKET \n\n"]}
        {"turns": ["or \n\nhave　6×7\n(2^10!\nmountain their \n\nitʼs,\nhas\tMANY 1,000  façade\tﬁnal\nmountain \n\n"]}
        {"turns": ["his market velocity an façade שלום were 中文问题 façade İstanbul 😀 café satellite would "]}
        {"turns": ["each　these café  have are photosynthesis\nthis  こんにちは \n\n100%，　river。\tthey\" 3.14\t3.14”  **itʼs\" \n\n\"żółw  o'clock\tabout,\n**triangle *5−3　glacier”  has \n\n“λόγος an!\n**not that.\nmany: \n\nthese then façade; was　an is.  می‌شود as! their。　"]}
        {"turns": ["what is 4 ", "% 1? "]}
        {"turns": ["what\non  MARKET\tÅngström a? state-of-the-art \n\nthem\n①　at all\tżółw مرحبا\"　C++\t1,000  (parliament  a/b　(them —　other \n\n(be  many some,  “other　“C++  an　(many them  recipe…\t"]}
        {"turns": ["5−3 market ", ""]}
        {"turns": ["река żółw river harvest had e.g. 50/50 6×7 at こんにちは other glacier is that 2^10 was there your some a/b theorem are which can’t not or can שלום an it state-of-the-art violin 😀 are 100% 12 one 50/50 but 42 e.g. engine 2^10 satellite their is on 12 שלום of 42 are this שלום москва λόγος theorem up do on "]}
        {"turns": ["what is 4\n_triangle 1?\n"]}
        {"turns": ["漢字 größe have each well-known photosynthesis these for if река façade straße 한국어 violin ① ＡＢＣ many "]}
        {"turns": ["don't glacier there a will state-of-the-art these from İstanbul will about москва İstanbul some größe on photosynthesis how it ΟΔΟΣ by می‌شود with 50/50 i.e. would café -5 mountain river a to 2^10 it that don't "]}
        {"turns": ["C++ one or in well-known which ﬁnal is 3.14 1,000 photosynthesis 1,000 2024 your can’t about 42 façade ≤ 2^10 your 3.14 1,000 1,000 are not żółw "]}
        {"turns": ["😀\n_are\ninto your\t**COVID-19  for \n\nshe　but?\tan\nout by. \n\nภาษา \n\ndon't\tso if \n\n(C++ - engine\n(at ①　½ it　中文问题\nitʼs” when\nharvest\nto \n\nthese\tΛΌΓΟΣ。  1,000 market  façade” many река\nwe \n\neach भाषा  中文问题 7” café\t😀\nenzyme\tthem 😀　한국어\t**then １２ -\n2024 state-of-the-art\nBE。　each　i.e.\t１２ \n\nother　WE well-known so  itʼs had\nand \n\nthat\t"]}
        {"turns": ["What is 8 /6?"]}
        {"turns": ["i.e. می‌شود satellite if and can’t there many in ΟΔΟΣ which ΟΔΟΣ some triangle enzyme glacier have 6×7 2^10 mountain their itʼs has many 1,000 façade ﬁnal mountain a/b ภาษา had recipe that a/b a a/b at भाषा enzyme for żółw about mountain there some 5−3 "]}
        {"turns": ["were velocity what were москва or or o'clock had harvest parliament so and out or has satellite 7 2024 triangle or they but parliament 😀 about at do می‌شود will it or other "]}
        {"turns": ["of” photosynthesis\t_but\t*42 — other\nabout　is　which москва。\t\"by _2024 **ＡＢＣ\nare 😀  theorem they) co­operate)\tan\t“that　an  “his are　many \n\n_a　2024 theorem \n\nan\tstraße,　5−3　the\n(there, all　velocity\tbut  ＡＢＣ\n_these as \n\nwould， \n\ncafé “2024 façade — do Not　their  So about größe　many，\nitʼs　12 река\nYour. \n\nмосква?\tTHERE -  İstanbul\nCOVID-19 *itʼs \n\nhad\thad \n\n😀\t"]}
        {"turns": ["with　“x+y said; 12 \n\nمرحبا  be  λόγος　１２ _to  satellite!\nTHERE\n"]}
        {"turns": ["What is 1 % 4?"]}
        {"turns": ["(into \n\nmountain \n\nhave façade  how　*it  *größe  ﬁnal **other velocity straße  żółw? \n\n**can\t\"BE　velocity　straße  \"漢字  can \n\n“größe　한국어!\nstate-of-the-art  have… on\n_i.e.…　one  “ＡＢＣ שלום, which\twell-known\ncan　but\nhad \n\nc++\"　C++ \n\nwould!　triangle　façade  “out it\this \n\ntheorem\tone\tλόγος \n\n5−3?　engine　“it ≤\t*6×7 \n\nof\nthey  😀 \n\nparliament भाषा，  or out \n\nCO­OPERATE,\nthe\t"]}
        {"turns": ["x+y Ångström how C++ from 2^10 żółw mountain 한국어 one to that o'clock 6×7 an as of 3.14 Ångström 2^10 a co­operate some into C++ will 1,000 o'clock façade می‌شود ＡＢＣ glacier have these e.g. theorem 50/50 straße up theorem ", "into so ＡＢＣ mountain İstanbul violin some do the Ångström 😀 50/50 "]}
        {"turns": ["some  Ångström \n\nhis velocity  it  have\nthem\nit  market  ≤”\t**2024 \n\nthis\tI.E.\nis　_2024　enzyme　*of  your\tภาษา \n\nout  *42 — 42　**don't\n(façade;  are \n\n12  “an\nभाषा\t**then  中文问题 enzyme　6×7\thas \n\ncafé _when\n\"to **have \n\nthese \n\n(and  (한국어 \n\nat\twould \n\nمرحبا\tFROM \n\n한국어 \n\n**and for his  \"photosynthesis \n\n2024  but \n\n한국어 —\tshe)　engine 한국어 \n\n_other,\tthem \n\n"]}
        {"turns": ["50/50… *as?\nThe　And żółw\n\"漢字  *漢字\twas　(co­operate \n\nabout  to! 100%  so\tمی‌شود  not 42\tThere\nabout façade were\"\neach in  _a/b  glacier\n“into  7  satellite \"photosynthesis\tΟΔΟΣ  so: 한국어 enzyme satellite;\tso　-5: "]}
        {"turns": ["What is 7 * 5?"]}
        {"turns": ["What is 4 + 3?"]}
        {"turns": ["satellite 100% their photosynthesis größe be other for into COVID-19 ﬁnal satellite it would glacier what is 7 * 5? his ① but ภาษา out "]}
        {"turns": ["ﬁnal do what or theorem not had in up river not would "]}
        {"turns": ["they o'clock when which for co­operate as of e.g. İstanbul naïve for out each e.g. ½ москва co­operate o'clock not many λόγος ภาษา مرحبا for they １２ 5−3 o'clock λόγος a 42 triangle λόγος be they ½ was on from into with enzyme 한국어 ≤ how ﬁnal can’t with can state-of-the-art ½ be ﬁnal naïve x+y with "]}
        {"turns": ["for and 50/50 12 at café have don't have we but café café engine 한국어 größe -5 ภาษา well-known λόγος with COVID-19 café were C++ from Ångström 😀 enzyme مرحبا "]}
        {"turns": ["12 will\tor \n\n**OTHER\nwould　*naïve， it  ≤: had)　velocity\nhave　A was)\tmany \n\nTHEN\t7 Was -5\n6×7,\twhich \n\nwith:　by! \n\nCafé with \n\n1,000 (parliament　**with  \"have\n\"are　itʼs\nsome\"  ①\tit them\t**12\tabout his　"]}
        {"turns": ["glacier have 6×7　2^10”　mountain THEIR itʼs”\thas\nmany \n\n1,000\t\"façade　(ﬁnal\nＡＢＣ  "]}
        {"turns": ["ภาษา， \n\nso\tbe  a:  “satellite　is \n\nshe\nwell-known \n\nthis\" other\n5−3　_then\n**all\"\n"]}
        {"turns": ["which state-of-the-art façade by so façade their or "]}
        {"turns": ["100% up can’t in was velocity other Ångström they 50/50 what at triangle river them not a Ångström from glacier other as Ångström москва we said москва café こんにちは straße as up مرحبا שלום भाषा do 6×7 we 42 which in photosynthesis out their ① photosynthesis 한국어 １２ ภาษา them ΟΔΟΣ שלום violin other 100% it İstanbul that москва o'clock "]}
        {"turns": ["straße\tمرحبا… \n\nwhich\nภาษา market!\tภาษา\thad  "]}
        {"turns": ["ﬁnal　**satellite　or would: \n\nsome　and  we \n\nこんにちは\tdo \n\nglacier  at ﬁnal -\tλόγος)\tsatellite\tinto what\tbut，\nfor  river  do\n*to\tthat\nO‘Clock \n\n6×7\nan　as Of; 3.14 Ångström\n2^10 (a\n"]}
        {"turns": ["e.g. these x+y -5 this 1,000 こんにちは 50/50 will ≤ 한국어 don't "]}
        {"turns": ["café x+y harvest parliament река １２ 5−3 we had 漢字 x+y about naïve has 漢字 parliament 한국어 triangle what 中文问题 to भाषा 한국어 中文问题 and façade can on 2^10 don't well-known λόγος ≤ ≤ by well-known COVID-19 she theorem so 1,000 مرحبا there theorem triangle COVID-19 for can भाषा with C++ all there "]}
        {"turns": ["What \n\nis \"7 *\t5?\t"]}
        {"turns": ["1,000\nstate-of-the-art FAÇADE)  by\tso:　façade their or\"　"]}
        {"turns": [""]}
        {"turns": ["is  is. 1  % \n\n4?　"]}
        {"turns": ["½ e.g. 100% 50/50 भाषा do żółw ภาษา velocity 5−3 glacier ", "≤ 100% 中文问题 ภาษา 42 中文问题 می‌شود other C++ will violin 2^10 state-of-the-art o'clock ﬁnal state-of-the-art so 5−3 e.g. this 12 of them but his are harvest has but can violin triangle "]}
        {"turns": ["What is 2 *8?"]}
        {"turns": ["X+Y\tÅngström!  *how\nC++\nfrom 2^10 (żółw\tmountain　한국어\"　one\nto　", "that o'clock not an as of 3.14 Ångström 2^10 a co­operate ", "some into C++ will 1,000 o'clock façade می‌شود ＡＢＣ glacier have these e.g. theorem 50/50 straße up theorem into so ＡＢＣ mountain İstanbul violin some do the Ångström 😀 50/50 "]}
        {"turns": ["река photosynthesis they up ≤ their café 6×7 straße some if said will ΟΔΟΣ will 漢字 all their can -5 said theorem as we each river 5−3 engine were and she москва state-of-the-art other straße are satellite was parliament COVID-19 ＡＢＣ engine they velocity "]}
        {"turns": ["up　λόγος” \n\ntriangle \n\n12\n\"1,000 state-of-the-art façade by -  so\nfaçade their　or "]}
        {"turns": ["مرحبا שלום \n\nglacier \n\n_is　has \n\nup\nbe  ﬁnal\nwas 7 \n\nup can;\te.g.. an their river\nthat\nＡＢＣ\" then  GRÖSSE　7 שלום;\tTHEOREM \n\n😀 "]}
        {"turns": ["река:　żółw\n**river\nharvest had, (e.g.  50/50 6×7;  At\n*こんにちは other　glacier; is: \n\nthat \n\n2^10 was,　there \n\nYour\nsome?\na/b\nTHEOREM  are\nwhich \n\ncan’t not\nor\tcan。  שלום  an\nit State-Of-The-Art\tviolin  😀 are 100%\t12， One \n\n50/50  but 42\t_e.g.\nengine \n\n2^10; \n\nsatellite\ntheir is　on”　12)  שלום of  42 are  this  שלום! москва\nλόγος theorem **up  do:\ton!　"]}
        {"turns": ["What is 7 %3?"]}
        {"turns": ["COVID-19 with or река e.g. photosynthesis naïve as itʼs ≤ recipe theorem said or mountain café a in straße their glacier market their ＡＢＣ café his "]}
        {"turns": ["", "what is 7 * 5? "]}
        {"turns": ["his market _velocity an Façade\tשלום… were —\t中文问题　façade\tas \n\n😀 \n\n**café satellite　would\n"]}
        {"turns": ["größe \n\nare\n"]}
        {"turns": ["_ﬁnal\n\"do　what　Or,\ntheorem \n\n**not. \n\nhad\nin  UP river  not (6×7\n"]}
        {"turns": ["5−3 ", "glacier has λόγος an not that many these then façade was an is "]}
        {"turns": ["from\n😀 \n\n2^10; \n\nwell-known \n\n(½ - \n\n½\ne.g.　100%。 \n\n50/50　भाषा  DO — żółw” \n\nภาษา\nvelocity”\t5−3\nglacier　≤\t100% 中文问题\tภาษา *42 中文问题.\tمی‌شود *other \n\nC++　will - \n\nviolin \n\n2^10\nstate-of-the-art O'Clock　ﬁnal state-of-the-art\tso. \n\n5−3 e.g. this. 12 \n\nOF\nthem \n\nbut \n\nhis\nare\nharvest　has  but  can violin Triangle café\"\nso. \n\n**or straße\nΟδος \n\nhave  (½\n"]}
        {"turns": ["photosynthesis　(these\tC++\nwith \n\nthen well-known!\n_x+y\nyour\nshe - 42\nＡＢＣ\nNaïve \n\nare!\n≤  They:\t“ItʼS _State-Of-The-Art.  река　(ＡＢＣ  X+Y” café\tΟΔΟΣ　will how \"mountain River\nis\nhow \n\nC++, \n\ncan 50/50， \n\nabout —  have İstanbul\nrecipe\nмосква　\"ภาษา about\n*satellite\ncafé Straße” with\n3.14\n**7 "]}
        {"turns": ["100% said façade which مرحبا भाषा how said were can "]}
        {"turns": ["but こんにちは there is would o'clock his a/b 한국어 glacier then façade 漢字 some of recipe be 中文问题 all façade your if 漢字 this do river café 12 other if your 😀 "]}
        {"turns": ["5−3 glacier has λόγος an not that many these then façade was café is "]}
        {"turns": ["has 😀 what parliament there triangle they 한국어 50/50 have one be -5 how which ½ at or for we can’t naïve river 3.14 مرحبا about recipe what said ΟΔΟΣ one 3.14 velocity enzyme each if ภาษา mountain Ångström -5 which ＡＢＣ مرحبا that café up façade as co­operate engine Ångström photosynthesis ① １２ 50/50 3.14 from into them Ångström café of COVID-19 ภาษา ＡＢＣ how one to Ångström 2^10 "]}
        {"turns": ["they。\nx+y that\t12  _velocity　_can’t\tC++ \n\nitʼs \n\nviolin “one. \n\nthen?\tÅngström 漢字\n１２  λόγος。\t*o'clock —\n\"100%.  for \n\nmountain\ttriangle \n\nthe\nviolin in \n\nAs \n\n한국어 \n\nthen　can’t \"12　be \n\nthen  café　e.g.\tTheir\n① café  well-known\nat\" \n\nשלום　*velocity (ITʼS \n\ndon't \n\nvelocity —\n“by　photosynthesis \n\nmany\nother up\nso one “λόγος (when 한국어\t**50/50:\n_your \n\nhad\t1,000! "]}
        {"turns": ["them an they some will to have مرحبا for café don't photosynthesis had straße in ภาษา velocity will photosynthesis parliament ภาษา if enzyme by in 50/50 do photosynthesis at on we 😀 42 some שלום be x+y café it triangle λόγος will ≤ so state-of-the-art "]}
        {"turns": ["(λόγος _can Final parliament　**is\n6×7\ttriangle their “λόγος　were, \n\nand… can\n3.14　\"or for\"\nyour  москва?  be　by ½  do　can’t，\t3.14) 한국어\nthem\n100%  satellite \n\nin \n\nin _OF\t**triangle  to WAS glacier 12;\n(WAS \n\nsome With　BY \n\nﬁnal\nit　up　Ångström… (mountain engine\nparliament， Them!\tsatellite — İstanbul!\n"]}
        {"turns": ["on o'clock 6×7 42 up москва into your भाषा which if Ångström one when from this 5−3 your other so is straße into parliament from Ångström then "]}
        {"turns": ["some 5−3 recipe 2^10 she the "]}
        {"turns": ["of photosynthesis but 42 other about is which москва by 2024 ＡＢＣ are 😀 theorem they co­operate an that an his are many a 2024 theorem an straße 5−3 the there all velocity but ＡＢＣ these as would ", "café 2024 façade do not their so about größe many itʼs 12 река your москва there İstanbul COVID-19 itʼs had had 😀 "]}
        {"turns": ["the -　"]}
        {"turns": ["have each ", "well-known photosynthesis these for if река façade straße 한국어 violin "]}
        {"turns": ["don't their then what or at all well-known a photosynthesis שלום satellite not be żółw ΟΔΟΣ many ΟΔΟΣ harvest the 50/50 漢字 itʼs engine of λόγος into größe are "]}
        """#
    static let expected = #"""
        {"line": 1, "reason": "ngram", "row": 10, "words": ["ภ", "า", "ษ", "า", "so", "be", "a", "satellite", "is", "strasse", "well", "known", "this", "other", "5", "-", "3", "then"]}
        {"line": 10, "reason": "exact", "row": 29, "words": ["grösse", "they"]}
        {"line": 11, "reason": "exact", "row": 25, "words": ["of", "photosynthesis", "but", "42", "other", "about", "is", "which", "москва", "by", "2024", "abc", "are", "theorem", "they", "cooperate", "an", "that", "an", "his", "are", "many", "a", "2024", "theorem", "an", "strasse", "5", "-", "3", "the", "there", "all", "velocity", "but", "abc", "these", "as", "would", "café"]}
        {"line": 13, "reason": "ngram", "row": 25, "words": ["of", "photosynthesis", "but", "42", "other", "about", "is", "which", "москва", "by", "2024", "abc", "are", "theorem", "they", "cooperate", "an", "that", "an", "his", "are", "many", "a", "2024", "theorem", "an", "strasse", "5", "-", "3", "the", "there", "all", "velocity", "but", "abc", "these", "as", "would", "café"]}
        {"line": 17, "reason": "ngram", "row": 26, "words": ["5", "-", "3", "glacier", "has", "λόγοσ", "an", "not", "that", "many", "these", "then", "façade", "was", "an"]}
        {"line": 18, "reason": "exact", "row": 31, "words": ["his", "market", "velocity", "an", "façade", "שלום", "were", "中", "文", "问", "题", "façade", "i̇stanbul", "café", "satellite", "would"]}
        {"line": 21, "reason": "ngram", "row": 3, "words": ["1", "⁄", "2", "e", "g", "100", "%", "50", "/", "50", "भाषा", "do", "żółw", "ภ", "า", "ษ", "า", "velocity", "5", "-", "3", "glacier", "≤", "100"]}
        {"line": 24, "reason": "ngram", "row": 40, "words": ["she", "up", "میشود", "a", "can", "so", "would", "the", "have", "中", "文", "问", "题", "she", "out", "harvest", "i̇stanbul", "in", "of", "50", "/", "50", "all", "well", "known", "for", "e", "g"]}
        {"line": 25, "reason": "ngram", "row": 40, "words": ["she", "up", "میشود", "a", "can", "so", "would", "the", "have", "中", "文", "问", "题", "she", "out", "harvest", "i̇stanbul", "in", "of", "50", "/", "50", "all", "well", "known", "for", "e", "g", "12", "café", "when", "this", "ภ", "า", "ษ", "า", "how", "your", "中", "文"]}
        {"line": 28, "reason": "exact", "row": 19, "words": ["こ", "ん", "に", "ち", "は", "river", "glacier", "his", "what"]}
        {"line": 30, "reason": "exact", "row": 13, "words": ["what", "is", "4", "%", "1"]}
        {"line": 31, "reason": "ngram", "row": 9, "words": ["e", "g", "to", "were", "e", "g", "dont", "strasse", "well", "known", "to", "1", "had", "not"]}
        {"line": 33, "reason": "ngram", "row": 36, "words": ["中", "文", "问", "题", "e", "g", "ภ", "า", "ษ", "า", "velocity", "if", "こ", "ん", "に", "ち", "は", "recipe", "50", "/", "50", "λόγοσ"]}
        {"line": 37, "reason": "exact", "row": 24, "words": ["about", "façade"]}
        {"line": 39, "reason": "ngram", "row": 22, "words": ["them", "strasse", "out", "-", "5", "an", "can", "river", "violin", "grösse", "żółw", "12", "glacier", "a", "b"]}
        {"line": 43, "reason": "exact", "row": 5, "words": ["it", "with", "50", "/", "50", "50", "/", "50", "about", "velocity", "is", "have", "all", "at", "is", "was", "in", "strasse", "enzyme", "we", "if", "out", "the", "café", "on", "velocity", "their", "for", "a", "7", "what", "recipe", "2024", "5", "-", "3", "that", "well", "known", "भाषा"]}
        {"line": 44, "reason": "exact", "row": 5, "words": ["it", "with", "50", "/", "50", "50", "/", "50", "about", "velocity", "is", "have", "all", "at", "is", "was", "in", "strasse", "enzyme", "we", "if", "out", "the", "café", "on", "velocity", "their", "for", "a", "7", "what", "recipe", "2024", "5", "-", "3", "that", "well", "known", "भाषा"]}
        {"line": 45, "reason": "exact", "row": 21, "words": ["한국어", "would"]}
        {"line": 47, "reason": "ngram", "row": 22, "words": ["them", "strasse", "out", "-", "5", "an", "can", "river", "violin", "grösse", "żółw", "12", "glacier", "a", "b"]}
        {"line": 50, "reason": "exact", "row": 17, "words": ["the", "e", "g", "it", "café", "한국어", "some", "well", "known", "≤", "can", "cooperate", "oclock", "this", "market"]}
        {"line": 51, "reason": "ngram", "row": 30, "words": ["have", "6", "×", "7", "2", "^", "10", "mountain", "their", "its", "has", "many", "1", "000", "façade", "final", "mountain"]}
        {"line": 52, "reason": "exact", "row": 31, "words": ["his", "market", "velocity", "an", "façade", "שלום", "were", "中", "文", "问", "题", "façade", "i̇stanbul", "café", "satellite", "would"]}
        {"line": 53, "reason": "ngram", "row": 26, "words": ["5", "-", "3", "glacier", "has", "λόγοσ", "an", "not", "that", "many", "these", "then", "façade", "was", "an", "is"]}
        {"line": 57, "reason": "ngram", "row": 34, "words": ["6", "×", "7", "at", "こ", "ん", "に", "ち", "は", "other", "glacier", "is", "that", "2", "^", "10", "was", "there", "your", "some", "a", "b", "theorem", "are", "which", "cant", "not", "or", "can", "שלום", "an", "it", "state", "of", "the", "art", "violin", "are", "100", "%"]}
        {"line": 64, "reason": "ngram", "row": 30, "words": ["glacier", "have", "6", "×", "7", "2", "^", "10", "mountain", "their", "its", "has", "many", "1", "000", "façade", "final", "mountain"]}
        {"line": 66, "reason": "ngram", "row": 25, "words": ["42", "other", "about", "is", "which", "москва", "by", "2024", "abc", "are", "theorem", "they", "cooperate", "an", "that", "an", "his", "are", "many", "a", "2024", "theorem", "an", "strasse", "5", "-", "3", "the", "there", "all", "velocity", "but", "abc", "these", "as", "would", "café", "2024", "façade", "do"]}
        {"line": 68, "reason": "exact", "row": 27, "words": ["what", "is", "1", "%", "4"]}
        {"line": 70, "reason": "ngram", "row": 39, "words": ["x", "+", "y", "ångström", "how", "c", "+", "+", "from", "2", "^", "10", "żółw", "mountain", "한국어", "one", "to"]}
        {"line": 73, "reason": "exact", "row": 37, "words": ["what", "is", "7", "*", "5"]}
        {"line": 76, "reason": "exact", "row": 8, "words": ["final", "do", "what", "or", "theorem", "not", "had", "in", "up", "river", "not", "would"]}
        {"line": 80, "reason": "ngram", "row": 30, "words": ["glacier", "have", "6", "×", "7", "2", "^", "10", "mountain", "their", "its", "has", "many", "1", "000", "façade", "final"]}
        {"line": 83, "reason": "ngram", "row": 35, "words": ["100", "up", "cant", "in", "was", "velocity", "other", "ångström", "they", "50", "/", "50", "what", "at", "triangle", "river", "them", "not", "a", "ångström", "from", "glacier", "other", "as", "ångström", "москва", "we", "said", "москва"]}
        {"line": 85, "reason": "ngram", "row": 39, "words": ["that", "oclock", "6", "×", "7", "an", "as", "of", "3", "14", "ångström", "2", "^", "10", "a"]}
        {"line": 86, "reason": "exact", "row": 20, "words": ["e", "g", "these", "x", "+", "y", "-", "5", "this", "1", "000", "こ", "ん", "に", "ち", "は", "50", "/", "50", "will", "≤", "한국어", "dont"]}
        {"line": 88, "reason": "exact", "row": 37, "words": ["what", "is", "7", "*", "5"]}
        {"line": 89, "reason": "exact", "row": 18, "words": ["1", "000", "state", "of", "the", "art", "façade", "by", "so", "façade", "their", "or"]}
        {"line": 92, "reason": "ngram", "row": 3, "words": ["1", "⁄", "2", "e", "g", "100", "%", "50", "/", "50", "भाषा", "do", "żółw", "ภ", "า", "ษ", "า", "velocity", "5", "-", "3", "glacier"]}
        {"line": 93, "reason": "exact", "row": 11, "words": ["what", "is", "2", "*", "8"]}
        {"line": 94, "reason": "ngram", "row": 39, "words": ["x", "+", "y", "ångström", "how", "c", "+", "+", "from", "2", "^", "10", "żółw", "mountain", "한국어", "one", "to"]}
        {"line": 98, "reason": "ngram", "row": 34, "words": ["6", "×", "7", "at", "こ", "ん", "に", "ち", "は", "other", "glacier", "is", "that", "2", "^", "10", "was", "there", "your", "some", "a", "b", "theorem", "are", "which", "cant", "not", "or", "can", "שלום", "an", "it", "state", "of", "the", "art", "violin", "are", "100", "%"]}
        {"line": 105, "reason": "ngram", "row": 26, "words": ["glacier", "has", "λόγοσ", "an", "not", "that", "many", "these", "then", "façade", "was", "an", "is"]}
        {"line": 106, "reason": "ngram", "row": 3, "words": ["50", "/", "50", "भाषा", "do", "żółw", "ภ", "า", "ษ", "า", "velocity", "5", "-", "3", "glacier", "≤", "100"]}
        {"line": 107, "reason": "ngram", "row": 2, "words": ["abc", "x", "+", "y", "café", "οδοσ", "will", "how", "mountain", "river", "is", "how", "c", "+", "+"]}
        {"line": 110, "reason": "ngram", "row": 26, "words": ["5", "-", "3", "glacier", "has", "λόγοσ", "an", "not", "that", "many", "these", "then", "façade", "was"]}
        {"line": 111, "reason": "ngram", "row": 15, "words": ["have", "one", "be", "-", "5", "how", "which", "1", "⁄", "2", "at", "or", "for", "we", "cant", "naïve", "river", "3", "14", "مرحبا", "about", "recipe", "what", "said", "οδοσ", "one", "3", "14", "velocity", "enzyme", "each", "if", "ภ", "า", "ษ", "า", "mountain", "ångström", "-", "5"]}
        {"line": 117, "reason": "ngram", "row": 25, "words": ["of", "photosynthesis", "but", "42", "other", "about", "is", "which", "москва", "by", "2024", "abc", "are", "theorem", "they", "cooperate", "an", "that", "an", "his", "are", "many", "a", "2024", "theorem", "an", "strasse", "5", "-", "3", "the", "there", "all", "velocity", "but", "abc", "these", "as", "would"]}
        {"line": 118, "reason": "exact", "row": 33, "words": ["the"]}
        """#
}
