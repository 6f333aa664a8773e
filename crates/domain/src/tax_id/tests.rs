//! Examples of every format. Some ten thousand numbers of each shape, valid and not, were compared with
//! another implementation of the same public rules.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// Country, as it may be typed, as it is kept, format.
const VALID: &[(&str, &str, &str, &str)] = &[
    ("AD", "U679122N", "U679122N", "ad_nrt"),
    ("AE", "284447138296962", "284447138296962", "ae_trn"),
    ("AR", "23-36707601-1", "23367076011", "ar_cuit"),
    ("AU", "68 391 094 812", "68391094812", "au_abn"),
    ("AU", "748962386287", "748962386287", "au_arn"),
    ("BG", "061695004", "061695004", "bg_uic"),
    ("BG", "5196011051827", "5196011051827", "bg_uic"),
    ("BH", "068906025008949", "068906025008949", "bh_vat"),
    ("BO", "778740626", "778740626", "bo_tin"),
    ("BR", "18.438.945/7779-40", "18438945777940", "br_cnpj"),
    ("BR", "859.424.939-01", "85942493901", "br_cpf"),
    ("CA", "645118522", "645118522", "ca_bn"),
    ("CA", "797700457 rp 2793", "797700457RP2793", "ca_gst_hst"),
    ("CA", "PST96979537", "PST96979537", "ca_pst_bc"),
    ("CA", "1103117", "1103117", "ca_pst_mb"),
    ("CA", "9790305624TQ7790", "9790305624TQ7790", "ca_qst"),
    ("CH", "298.247.358", "CHE298247358", "ch_uid"),
    ("CH", "CHE-371.625.907 MWST", "CHE371625907MWST", "ch_vat"),
    ("CL", "17287788", "17287788", "cl_tin"),
    ("CL", "cl 67.098.043-k", "67098043K", "cl_tin"),
    ("CN", "161891826266980690", "161891826266980690", "cn_tin"),
    ("CO", "909165319", "909165319", "co_nit"),
    ("CR", "3107610020", "3107610020", "cr_tin"),
    ("DE", "3781233305", "3781233305", "de_stn"),
    ("DO", "363152145", "363152145", "do_rcn"),
    ("DO", "88474705907", "88474705907", "do_rcn"),
    ("EC", "1663617455453", "1663617455453", "ec_ruc"),
    ("EG", "874969608", "874969608", "eg_tin"),
    ("ES", "A74036773", "A74036773", "es_cif"),
    ("US", "EU372943157", "EU372943157", "eu_oss_vat"),
    ("AT", "ATU17812865", "ATU17812865", "eu_vat"),
    ("BE", "be 550.792.922", "BE0550792922", "eu_vat"),
    ("BG", "BG571061544", "BG571061544", "eu_vat"),
    ("BG", "BG1104504147", "BG1104504147", "eu_vat"),
    ("CY", "CY14551594A", "CY14551594A", "eu_vat"),
    ("CZ", "CZ41324897", "CZ41324897", "eu_vat"),
    ("CZ", "CZ657410420", "CZ657410420", "eu_vat"),
    ("CZ", "CZ8144270134", "CZ8144270134", "eu_vat"),
    ("DE", "DE131271861", "DE131271861", "eu_vat"),
    ("DK", "DK24815617", "DK24815617", "eu_vat"),
    ("EE", "EE512274052", "EE512274052", "eu_vat"),
    ("ES", "ES50866221L", "ES50866221L", "eu_vat"),
    ("FI", "FI26511677", "FI26511677", "eu_vat"),
    ("FR", "FR66940032741", "FR66940032741", "eu_vat"),
    ("GR", "GR 704547984", "EL704547984", "eu_vat"),
    ("HR", "HR23197190578", "HR23197190578", "eu_vat"),
    ("HU", "HU56222502", "HU56222502", "eu_vat"),
    ("IE", "IE3679319B", "IE3679319B", "eu_vat"),
    ("IE", "IE0285613MF", "IE0285613MF", "eu_vat"),
    ("IT", "IT28794640749", "IT28794640749", "eu_vat"),
    ("LT", "LT103333819", "LT103333819", "eu_vat"),
    ("LT", "LT690356537718", "LT690356537718", "eu_vat"),
    ("LU", "LU13371739", "LU13371739", "eu_vat"),
    ("LV", "LV87072250972", "LV87072250972", "eu_vat"),
    ("MT", "MT36132473", "MT36132473", "eu_vat"),
    ("NL", "NL 26412342 B12", "NL026412342B12", "eu_vat"),
    ("PL", "PL4298558337", "PL4298558337", "eu_vat"),
    ("PT", "PT104697180", "PT104697180", "eu_vat"),
    ("RO", "RO36473115", "RO36473115", "eu_vat"),
    ("RO", "RO9480903016621", "RO9480903016621", "eu_vat"),
    ("SE", "SE400041404701", "SE400041404701", "eu_vat"),
    ("SI", "SI58485732", "SI58485732", "eu_vat"),
    ("SK", "SK7079321282", "SK7079321282", "eu_vat"),
    ("GB", "GB 303 6220 53", "303622053", "gb_vat"),
    ("GB", "GB190056141595", "190056141595", "gb_vat"),
    ("GB", "GD369", "GD369", "gb_vat"),
    ("GB", "GD 8888 480 92", "GD888848092", "gb_vat"),
    ("GE", "762495548", "762495548", "ge_vat"),
    ("HK", "15709397", "15709397", "hk_br"),
    ("HR", "42578725007", "42578725007", "hr_oib"),
    ("HU", "01403499-5-42", "01403499542", "hu_tin"),
    ("ID", "710986191465590", "710986191465590", "id_npwp"),
    ("ID", "0281681643164765", "0281681643164765", "id_npwp"),
    ("IL", "231007543", "231007543", "il_vat"),
    ("IN", "15AUXPE3415Z3ZI", "15AUXPE3415Z3ZI", "in_gst"),
    ("IS", "18331", "18331", "is_vat"),
    ("JP", "2846114105273", "2846114105273", "jp_cn"),
    ("JP", "05079", "05079", "jp_rn"),
    ("JP", "T0205588949895", "T0205588949895", "jp_trn"),
    ("KE", "A599147593L", "A599147593L", "ke_pin"),
    ("KR", "9113846277", "9113846277", "kr_brn"),
    ("KZ", "719025156234", "719025156234", "kz_bin"),
    ("LI", "CHE057287626", "CHE057287626", "li_uid"),
    ("MK", "7808704018161", "7808704018161", "mk_vat"),
    ("MU", "24148819", "24148819", "mu_tan"),
    ("MX", "IOQI120504TTZ", "IOQI120504TTZ", "mx_rfc"),
    ("MX", "PBC4105103FA", "PBC4105103FA", "mx_rfc"),
    ("MX", "IGJO570527", "IGJO570527", "mx_rfc"),
    ("MY", "58695100", "58695100", "my_frp"),
    ("MY", "C1017681685", "C1017681685", "my_itn"),
    ("MY", "R66012792437714", "R66012792437714", "my_sst"),
    ("NG", "13066682-0001", "130666820001", "ng_tin"),
    ("NO", "NO 480 969 987 MVA", "480969987MVA", "no_vat"),
    ("NO", "VOEC 8931893", "8931893", "no_voec"),
    ("NZ", "10407060", "10407060", "nz_gst"),
    ("NZ", "123079035", "123079035", "nz_gst"),
    ("OM", "OM1962324418", "OM1962324418", "om_vat"),
    ("PE", "20485246925", "20485246925", "pe_ruc"),
    ("PH", "493701907770", "493701907770", "ph_tin"),
    ("RO", "52132071", "52132071", "ro_tin"),
    ("RO", "1240529124147", "1240529124147", "ro_tin"),
    ("RS", "472742603", "472742603", "rs_pib"),
    ("RU", "0263911490", "0263911490", "ru_inn"),
    ("RU", "922485888540", "922485888540", "ru_inn"),
    ("RU", "585301827", "585301827", "ru_kpp"),
    ("SA", "317215870794753", "317215870794753", "sa_vat"),
    ("SG", "M47489788K", "M47489788K", "sg_gst"),
    ("SG", "18133473M", "18133473M", "sg_uen"),
    ("SG", "671968750H", "671968750H", "sg_uen"),
    ("SI", "27691713", "27691713", "si_tin"),
    ("SV", "91354979968187", "91354979968187", "sv_nit"),
    ("TH", "0352402192434", "0352402192434", "th_vat"),
    ("TR", "7753798881", "7753798881", "tr_tin"),
    ("TW", "76279654", "76279654", "tw_vat"),
    ("UA", "4196698579", "4196698579", "ua_vat"),
    ("UA", "789512594766", "789512594766", "ua_vat"),
    ("US", "52-5222255", "525222255", "us_ein"),
    ("UY", "213197770015", "213197770015", "uy_ruc"),
    ("VE", "V-94312043-5", "V943120435", "ve_rif"),
    ("VN", "5005385810", "5005385810", "vn_tin"),
    ("VN", "4559977880847", "4559977880847", "vn_tin"),
    ("ZA", "4216561888", "4216561888", "za_vat"),
    ("BR", "12.ABC.345/01DE-35", "12ABC34501DE35", "br_cnpj"),
    ("CA", "123456-7", "1234567", "ca_pst_mb"),
    ("CN", "91110000600037341L", "91110000600037341L", "cn_tin"),
    ("CN", "11010519491231002X", "11010519491231002X", "cn_tin"),
    ("EC", "1793213150001", "1793213150001", "ec_ruc"),
    ("EG", "٣٣١-١٠٥-٢٦٨", "331105268", "eg_tin"),
    ("ES", "ESX2482300W", "ESX2482300W", "eu_vat"),
    ("FR", "fr 61 954 506 077", "FR61954506077", "eu_vat"),
    ("GB", "XI 303 6220 53", "XI303622053", "eu_vat"),
    ("IL", "3933742-3", "039337423", "il_vat"),
    ("MK", "МК 7808704018161", "7808704018161", "mk_vat"),
    ("MX", "ñ&o 120504-ttz", "Ñ&O120504TTZ", "mx_rfc"),
    ("SG", "T08GA0028A", "T08GA0028A", "sg_uen"),
    ("US", "IM3720000224", "IM3720000224", "eu_oss_vat"),
];

/// Country, and a text that is none of its numbers: mostly a digit of a valid one changed.
const INVALID: &[(&str, &str)] = &[
    ("AD", "U679122"),
    ("AE", "28444713829696"),
    ("AR", "23867076011"),
    ("AU", "68391094814"),
    ("AU", "74896238628"),
    ("BG", "061695094"),
    ("BH", "06890602500894"),
    ("BR", "18436945777940"),
    ("BR", "84942493901"),
    ("CA", "645112522"),
    ("CA", "797700456RP2793"),
    ("CA", "PST9697953"),
    ("CA", "110311"),
    ("CA", "9790305624TQ779"),
    ("CH", "CHE290247358"),
    ("CH", "CHE374625907MWST"),
    ("CL", "17287787"),
    ("CN", "161890826266980690"),
    ("CO", "909165379"),
    ("CR", "3807610020"),
    ("DE", "378123330"),
    ("DO", "363152195"),
    ("EC", "1663617485453"),
    ("EG", "87496960"),
    ("ES", "A73036773"),
    ("US", "EU472943157"),
    ("AT", "ATU17812862"),
    ("BE", "BE0550792921"),
    ("BG", "BG501061544"),
    ("CY", "CY14551590A"),
    ("CZ", "CZ41324891"),
    ("DE", "DE134271861"),
    ("DK", "DK44815617"),
    ("EE", "EE517274052"),
    ("ES", "ES20866221L"),
    ("FI", "FI26511647"),
    ("FR", "FR66940032941"),
    ("GR", "EL709547984"),
    ("HR", "HR23147190578"),
    ("HU", "HU56222504"),
    ("IE", "IE3679389B"),
    ("IT", "IT28794640849"),
    ("LT", "LT106333819"),
    ("LU", "LU13378739"),
    ("LV", "LV87072250772"),
    ("MT", "MT26132473"),
    ("NL", "NL026412344B12"),
    ("PL", "PL4198558337"),
    ("PT", "PT134697180"),
    ("RO", "RO36473155"),
    ("SE", "SE409041404701"),
    ("SI", "SI58485736"),
    ("SK", "SK7079321242"),
    ("GB", "GB303628053"),
    ("GE", "76249554"),
    ("HK", "1570939"),
    ("HR", "42578723007"),
    ("HU", "01403498-5-42"),
    ("ID", "710586191465590"),
    ("IL", "231007549"),
    ("IN", "55AUXPE3415Z3ZI"),
    ("IS", "1833"),
    ("JP", "2846114805273"),
    ("JP", "0507"),
    ("JP", "T020558894989"),
    ("KE", "A599147593"),
    ("KR", "911384627"),
    ("KZ", "719029156234"),
    ("LI", "CHE057287826"),
    ("MK", "7808794018161"),
    ("MU", "44148819"),
    ("MX", "IOQI120574TTZ"),
    ("MY", "5869510"),
    ("MY", "C101768168"),
    ("MY", "R6601279243771"),
    ("NG", "13066682-000"),
    ("NO", "480969087MVA"),
    ("NO", "VOEC 893189"),
    ("NZ", "15407060"),
    ("OM", "OM196232441"),
    ("PE", "21485246925"),
    ("PH", "49370190777"),
    ("RO", "32132071"),
    ("RS", "474742603"),
    ("RU", "0263910490"),
    ("RU", "58530182"),
    ("SA", "817215870794753"),
    ("SG", "M47489788"),
    ("SG", "18133403M"),
    ("SI", "27691113"),
    ("SV", "91354379968187"),
    ("TH", "0352462192434"),
    ("TR", "7753798871"),
    ("TW", "76249654"),
    ("UA", "4196691579"),
    ("US", "52522225"),
    ("UY", "213197772015"),
    ("VE", "V903120435"),
    ("VN", "5005985810"),
    ("ZA", "7216561888"),
    // A valid number of another country.
    ("GB", "FR61954506077"),
    ("DE", "525222255"),
    // Without its member's letters, a number is not one of the Union's.
    ("FR", "61954506077"),
    // No country, and one without formats.
    ("", "FR61954506077"),
    ("AQ", "123456789"),
    // Words, days and characters that cannot be.
    ("MX", "PUTO120504TTZ"),
    ("MX", "IOQI120230TTZ"),
    ("FR", "FRÉÉ954506077"),
    ("CL", "CL"),
    ("ES", "ES"),
    ("NL", "NL"),
    ("IE", "IE1"),
    ("US", ""),
    ("US", "--"),
];

fn parsed(country: &str, text: &str) -> Option<(String, &'static str)> {
    TaxId::parse(country, text).map(|tax_id| (tax_id.value, tax_id.format.as_str()))
}

#[test]
fn numbers_are_kept_without_separators_beside_their_format() {
    for &(country, text, value, format) in VALID {
        assert_eq!(
            parsed(country, text),
            Some((value.to_owned(), format)),
            "{country} {text}"
        );
    }
}

#[test]
fn what_is_kept_is_read_again_to_itself() {
    for &(country, _, value, format) in VALID {
        assert_eq!(
            parsed(country, value),
            Some((value.to_owned(), format)),
            "{country} {value}"
        );
    }
}

#[test]
fn numbers_that_break_a_rule_are_none() {
    for &(country, text) in INVALID {
        assert_eq!(parsed(country, text), None, "{country} {text}");
    }
}

#[test]
fn a_number_of_another_member_is_valid_within_the_union() {
    let expected = Some(("FR61954506077".to_owned(), "eu_vat"));
    assert_eq!(parsed("DE", "FR61954506077"), expected);
}

/// Two are never the answer: the numbers of Saskatchewan look like those of Manitoba, which are tried first.
#[test]
fn every_format_that_can_be_told_has_an_example() {
    let shown: BTreeSet<&str> = VALID.iter().map(|example| example.3).collect();
    let missing: Vec<&str> = TaxIdFormat::ALL
        .iter()
        .map(|format| format.as_str())
        .filter(|name| !shown.contains(name))
        .collect();
    assert_eq!(missing, ["ca_pst_sk"]);
}

#[test]
fn a_format_is_found_by_its_name() {
    for format in TaxIdFormat::ALL {
        assert_eq!(TaxIdFormat::from_name(format.as_str()), Some(*format));
    }
    assert_eq!(TaxIdFormat::from_name("li_vat"), None);
}

proptest! {
    /// Also texts that are cut short, of other alphabets, or of the form of one format and sent to another.
    #[test]
    fn whatever_is_read_is_read_again_to_itself(
        number in prop_oneof!["\\PC{0,16}", "[A-Z]{0,4}[0-9]{0,16}[A-Z]{0,3}", "[0-9A-ZÑМК&+]{0,20}"],
        member in prop_oneof![Just(""), Just("BE"), Just("CL"), Just("ES"), Just("IE"), Just("NL"), Just("RO"), Just("МК")],
    ) {
        let text = format!("{member}{number}");
        for country in VALID.iter().map(|example| example.0).collect::<BTreeSet<_>>() {
            if let Some(tax_id) = TaxId::parse(country, &text) {
                prop_assert_eq!(TaxId::parse(country, &tax_id.value), Some(tax_id));
            }
        }
    }
}
