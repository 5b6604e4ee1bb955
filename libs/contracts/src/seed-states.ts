/**
 * THE SEED `states`: what a ledger may be opened with, as the bodies of ordinary acts. Facts, no judgements.
 *
 * NEVER CHANGED ONCE RELEASED. Whoever repeats an opening gets its first outcome for ever, so what the seed holds is fixed
 * with its name (a test holds its hash): a mistake is corrected in the ledgers, a state that comes is a seed of another name.
 *
 * In it are the members of the United Nations, its two observer states, Kosovo and Taiwan, which Gleditsch and Ward list,
 * and Yugoslavia, whose number UCDP gives to the events there. That says nothing about who recognises whom.
 */
import type { Id } from '#domain';
import type { SeedAct } from './seeds.js';

/**
 * ISO 3166-1 alpha-2 in small letters; the number of Gleditsch and Ward, which UCDP's country_id is too; the English short
 * name, and others that are met. No number: neither the list of states nor that of microstates has it.
 */
const STATES: readonly (readonly [iso: string, gw: number | null, name: string, ...others: string[]])[] = [
  ['ad', 232, 'Andorra'],
  ['ae', 696, 'United Arab Emirates', 'UAE'],
  ['af', 700, 'Afghanistan'],
  ['ag', 58, 'Antigua and Barbuda'],
  ['al', 339, 'Albania'],
  ['am', 371, 'Armenia'],
  ['ao', 540, 'Angola'],
  ['ar', 160, 'Argentina'],
  ['at', 305, 'Austria'],
  ['au', 900, 'Australia'],
  ['az', 373, 'Azerbaijan'],
  ['ba', 346, 'Bosnia and Herzegovina', 'Bosnia-Herzegovina'],
  ['bb', 53, 'Barbados'],
  ['bd', 771, 'Bangladesh'],
  ['be', 211, 'Belgium'],
  ['bf', 439, 'Burkina Faso'],
  ['bg', 355, 'Bulgaria'],
  ['bh', 692, 'Bahrain'],
  ['bi', 516, 'Burundi'],
  ['bj', 434, 'Benin'],
  ['bn', 835, 'Brunei'],
  ['bo', 145, 'Bolivia'],
  ['br', 140, 'Brazil'],
  ['bs', 31, 'Bahamas'],
  ['bt', 760, 'Bhutan'],
  ['bw', 571, 'Botswana'],
  ['by', 370, 'Belarus'],
  ['bz', 80, 'Belize'],
  ['ca', 20, 'Canada'],
  ['cd', 490, 'Democratic Republic of the Congo', 'DR Congo', 'Zaire'],
  ['cf', 482, 'Central African Republic', 'CAR'],
  ['cg', 484, 'Republic of the Congo', 'Congo'],
  ['ch', 225, 'Switzerland'],
  ['ci', 437, "Côte d'Ivoire", 'Ivory Coast'],
  ['cl', 155, 'Chile'],
  ['cm', 471, 'Cameroon'],
  ['cn', 710, 'China'],
  ['co', 100, 'Colombia'],
  ['cr', 94, 'Costa Rica'],
  ['cu', 40, 'Cuba'],
  ['cv', 402, 'Cabo Verde', 'Cape Verde'],
  ['cy', 352, 'Cyprus'],
  ['cz', 316, 'Czechia', 'Czech Republic'],
  ['de', 260, 'Germany'],
  ['dj', 522, 'Djibouti'],
  ['dk', 390, 'Denmark'],
  ['dm', 54, 'Dominica'],
  ['do', 42, 'Dominican Republic'],
  ['dz', 615, 'Algeria'],
  ['ec', 130, 'Ecuador'],
  ['ee', 366, 'Estonia'],
  ['eg', 651, 'Egypt'],
  ['er', 531, 'Eritrea'],
  ['es', 230, 'Spain'],
  ['et', 530, 'Ethiopia'],
  ['fi', 375, 'Finland'],
  ['fj', 950, 'Fiji'],
  ['fm', 987, 'Micronesia', 'Federated States of Micronesia'],
  ['fr', 220, 'France'],
  ['ga', 481, 'Gabon'],
  ['gb', 200, 'United Kingdom', 'UK', 'Britain'],
  ['gd', 55, 'Grenada'],
  ['ge', 372, 'Georgia'],
  ['gh', 452, 'Ghana'],
  ['gm', 420, 'Gambia'],
  ['gn', 438, 'Guinea'],
  ['gq', 411, 'Equatorial Guinea'],
  ['gr', 350, 'Greece'],
  ['gt', 90, 'Guatemala'],
  ['gw', 404, 'Guinea-Bissau'],
  ['gy', 110, 'Guyana'],
  ['hn', 91, 'Honduras'],
  ['hr', 344, 'Croatia'],
  ['ht', 41, 'Haiti'],
  ['hu', 310, 'Hungary'],
  ['id', 850, 'Indonesia'],
  ['ie', 205, 'Ireland'],
  ['il', 666, 'Israel'],
  ['in', 750, 'India'],
  ['iq', 645, 'Iraq'],
  ['ir', 630, 'Iran'],
  ['is', 395, 'Iceland'],
  ['it', 325, 'Italy'],
  ['jm', 51, 'Jamaica'],
  ['jo', 663, 'Jordan'],
  ['jp', 740, 'Japan'],
  ['ke', 501, 'Kenya'],
  ['kg', 703, 'Kyrgyzstan'],
  ['kh', 811, 'Cambodia'],
  ['ki', 970, 'Kiribati'],
  ['km', 581, 'Comoros'],
  ['kn', 60, 'Saint Kitts and Nevis'],
  ['kp', 731, 'North Korea'],
  ['kr', 732, 'South Korea'],
  ['kw', 690, 'Kuwait'],
  ['kz', 705, 'Kazakhstan'],
  ['la', 812, 'Laos'],
  ['lb', 660, 'Lebanon'],
  ['lc', 56, 'Saint Lucia'],
  ['li', 223, 'Liechtenstein'],
  ['lk', 780, 'Sri Lanka'],
  ['lr', 450, 'Liberia'],
  ['ls', 570, 'Lesotho'],
  ['lt', 368, 'Lithuania'],
  ['lu', 212, 'Luxembourg'],
  ['lv', 367, 'Latvia'],
  ['ly', 620, 'Libya'],
  ['ma', 600, 'Morocco'],
  ['mc', 221, 'Monaco'],
  ['md', 359, 'Moldova'],
  ['me', 341, 'Montenegro'],
  ['mg', 580, 'Madagascar'],
  ['mh', 983, 'Marshall Islands'],
  ['mk', 343, 'North Macedonia', 'Macedonia'],
  ['ml', 432, 'Mali'],
  ['mm', 775, 'Myanmar', 'Burma'],
  ['mn', 712, 'Mongolia'],
  ['mr', 435, 'Mauritania'],
  ['mt', 338, 'Malta'],
  ['mu', 590, 'Mauritius'],
  ['mv', 781, 'Maldives'],
  ['mw', 553, 'Malawi'],
  ['mx', 70, 'Mexico'],
  ['my', 820, 'Malaysia'],
  ['mz', 541, 'Mozambique'],
  ['na', 565, 'Namibia'],
  ['ne', 436, 'Niger'],
  ['ng', 475, 'Nigeria'],
  ['ni', 93, 'Nicaragua'],
  ['nl', 210, 'Netherlands'],
  ['no', 385, 'Norway'],
  ['np', 790, 'Nepal'],
  ['nr', 971, 'Nauru'],
  ['nz', 920, 'New Zealand'],
  ['om', 698, 'Oman'],
  ['pa', 95, 'Panama'],
  ['pe', 135, 'Peru'],
  ['pg', 910, 'Papua New Guinea'],
  ['ph', 840, 'Philippines'],
  ['pk', 770, 'Pakistan'],
  ['pl', 290, 'Poland'],
  ['ps', null, 'Palestine'],
  ['pt', 235, 'Portugal'],
  ['pw', 986, 'Palau'],
  ['py', 150, 'Paraguay'],
  ['qa', 694, 'Qatar'],
  ['ro', 360, 'Romania'],
  // Since 2006; before, see Yugoslavia.
  ['rs', 340, 'Serbia'],
  ['ru', 365, 'Russia'],
  ['rw', 517, 'Rwanda'],
  ['sa', 670, 'Saudi Arabia'],
  ['sb', 940, 'Solomon Islands'],
  ['sc', 591, 'Seychelles'],
  ['sd', 625, 'Sudan'],
  ['se', 380, 'Sweden'],
  ['sg', 830, 'Singapore'],
  ['si', 349, 'Slovenia'],
  ['sk', 317, 'Slovakia'],
  ['sl', 451, 'Sierra Leone'],
  ['sm', 331, 'San Marino'],
  ['sn', 433, 'Senegal'],
  ['so', 520, 'Somalia'],
  ['sr', 115, 'Suriname'],
  ['ss', 626, 'South Sudan'],
  ['st', 403, 'São Tomé and Príncipe', 'Sao Tome and Principe'],
  ['sv', 92, 'El Salvador'],
  ['sy', 652, 'Syria'],
  ['sz', 572, 'Eswatini', 'Swaziland'],
  ['td', 483, 'Chad'],
  ['tg', 461, 'Togo'],
  ['th', 800, 'Thailand'],
  ['tj', 702, 'Tajikistan'],
  ['tl', 860, 'Timor-Leste', 'East Timor'],
  ['tm', 701, 'Turkmenistan'],
  ['tn', 616, 'Tunisia'],
  ['to', 972, 'Tonga'],
  ['tr', 640, 'Türkiye', 'Turkey'],
  ['tt', 52, 'Trinidad and Tobago'],
  ['tv', 973, 'Tuvalu'],
  ['tw', 713, 'Taiwan'],
  ['tz', 510, 'Tanzania'],
  ['ua', 369, 'Ukraine'],
  ['ug', 500, 'Uganda'],
  ['us', 2, 'United States', 'US', 'United States of America'],
  ['uy', 165, 'Uruguay'],
  ['uz', 704, 'Uzbekistan'],
  ['va', null, 'Holy See', 'Vatican City'],
  ['vc', 57, 'Saint Vincent and the Grenadines'],
  ['ve', 101, 'Venezuela'],
  ['vn', 816, 'Vietnam', 'Viet Nam'],
  ['vu', 935, 'Vanuatu'],
  ['ws', 990, 'Samoa'],
  // Assigned by its users (the EU, the IMF), not by ISO 3166, which has left the code free for them.
  ['xk', 347, 'Kosovo'],
  ['ye', 678, 'Yemen'],
  // Its ISO code was withdrawn in 2003, so its cards carry none. UCDP's "Serbia (Yugoslavia)".
  ['yu', 345, 'Yugoslavia', 'Serbia and Montenegro'],
  ['za', 560, 'South Africa'],
  ['zm', 551, 'Zambia'],
  ['zw', 552, 'Zimbabwe'],
];

const WITHOUT_ISO: ReadonlySet<string> = new Set(['yu']);

/** States without an army, or without a standing one: no such actor is made up for them. */
const WITHOUT_ARMED_FORCES: ReadonlySet<string> = new Set(
  'ad cr dm fm gd is ki lc li mc mh mu nr pa pw sb tv va vc vu ws'.split(' '),
);

/** Said with an article: the armed forces of _the_ Netherlands. */
const WITH_ARTICLE: ReadonlySet<string> = new Set('ae bs cd cf cg do gb gm km mv nl ph sc us'.split(' '));

/**
 * UCDP's five regions, which go by the number (codebook of UCDP GED, `region`: Americas 2-199, Europe 200-399, Africa
 * 400-626, Middle East 630-699, Asia 700-999). `also` is in it without a number.
 */
const REGIONS: readonly { id: Id; names: string[]; gwMax: number; also?: string }[] = [
  { id: 'region:americas', names: ['Americas'], gwMax: 199 },
  { id: 'region:europe', names: ['Europe'], gwMax: 399, also: 'va' },
  { id: 'region:africa', names: ['Africa'], gwMax: 626 },
  { id: 'region:middle-east', names: ['Middle East'], gwMax: 699, also: 'ps' },
  { id: 'region:asia', names: ['Asia and Oceania', 'Asia'], gwMax: 999 },
];

/** Intergovernmental bodies: the short form, whose small letters make the id, and the name. Members are no part of them. */
const ORGANISATIONS: readonly (readonly [short: string, name: string])[] = [
  ['UN', 'United Nations'],
  ['AES', 'Alliance of Sahel States'],
  ['ASEAN', 'Association of Southeast Asian Nations'],
  ['AU', 'African Union'],
  ['CARICOM', 'Caribbean Community'],
  ['CIS', 'Commonwealth of Independent States'],
  ['CoE', 'Council of Europe'],
  ['CSTO', 'Collective Security Treaty Organization'],
  ['EAC', 'East African Community'],
  ['ECCAS', 'Economic Community of Central African States'],
  ['ECOWAS', 'Economic Community of West African States'],
  ['EU', 'European Union'],
  ['GCC', 'Gulf Cooperation Council'],
  ['IAEA', 'International Atomic Energy Agency'],
  ['ICC', 'International Criminal Court'],
  ['IGAD', 'Intergovernmental Authority on Development'],
  ['LAS', 'Arab League'],
  ['MFO', 'Multinational Force and Observers'],
  ['NATO', 'North Atlantic Treaty Organization'],
  ['OAS', 'Organization of American States'],
  ['OIC', 'Organisation of Islamic Cooperation'],
  ['OPCW', 'Organisation for the Prohibition of Chemical Weapons'],
  ['OSCE', 'Organization for Security and Co-operation in Europe'],
  ['PIF', 'Pacific Islands Forum'],
  ['SAARC', 'South Asian Association for Regional Cooperation'],
  ['SADC', 'Southern African Development Community'],
  ['SCO', 'Shanghai Cooperation Organisation'],
];

/** Bodies, agencies and missions of the United Nations that speak about the hurt and killed: they are one line with it. */
const OF_THE_UN: readonly (readonly [short: string, name: string])[] = [
  ['OCHA', 'UN Office for the Coordination of Humanitarian Affairs'],
  ['OHCHR', 'Office of the UN High Commissioner for Human Rights'],
  ['UNAMA', 'UN Assistance Mission in Afghanistan'],
  ['UNAMI', 'UN Assistance Mission for Iraq'],
  ['UNDOF', 'UN Disengagement Observer Force'],
  ['UNHCR', 'UN High Commissioner for Refugees'],
  ['UNICEF', "UN Children's Fund"],
  ['UNIFIL', 'UN Interim Force in Lebanon'],
  ['UNMISS', 'UN Mission in South Sudan'],
  ['UNRWA', 'UN Relief and Works Agency for Palestine Refugees'],
  ['UNSC', 'UN Security Council'],
  ['UNTSO', 'UN Truce Supervision Organization'],
  ['WFP', 'World Food Programme'],
  ['WHO', 'World Health Organization'],
];

const named = (...names: string[]) => names.map((text) => ({ text, language: 'en' }));

const codesOf = (iso: string, gw: number | null) => ({
  ...(!WITHOUT_ISO.has(iso) && { iso: iso.toUpperCase() }),
  ...(gw !== null && { gw }),
});

function regionOf(iso: string, gw: number | null): Id {
  const region = REGIONS.find(({ gwMax, also }) => (gw === null ? also === iso : gw <= gwMax));
  if (region === undefined) throw new Error(`No region holds ${iso}.`);
  return region.id;
}

const actor = (body: SeedBody<'register-actor'>): SeedAct => ({ act: 'register-actor', body });
const place = (body: SeedBody<'register-place'>): SeedAct => ({ act: 'register-place', body });
type SeedBody<Name> = Extract<SeedAct, { act: Name }>['body'];

const organisation = ([short, name]: readonly [string, string], partOf?: Id): SeedAct =>
  actor({
    id: `igo:${short.toLowerCase()}`,
    names: named(name, short),
    kind: 'intergovernmental',
    ...(partOf !== undefined && { partOf }),
  });

/** Its acts: states (`sy`), organisations, regions; then countries, armed forces, and what is part of the United Nations. */
export function statesSeed(): SeedAct[][] {
  const states = STATES.map(([iso, gw, ...names]) =>
    actor({ id: iso, names: named(...names), kind: 'state', codes: codesOf(iso, gw) }),
  );
  const regions = REGIONS.map(({ id, names }) => place({ id, names: named(...names), kind: 'region' }));
  const countries = STATES.map(([iso, gw, ...names]) =>
    place({
      id: `country:${iso}`,
      names: named(...names),
      kind: 'country',
      inside: regionOf(iso, gw),
      state: iso,
      codes: codesOf(iso, gw),
    }),
  );
  const forces = STATES.filter(([iso]) => !WITHOUT_ARMED_FORCES.has(iso)).map(([iso, , name]) => {
    const names = named(`Armed forces of ${WITH_ARTICLE.has(iso) ? 'the ' : ''}${name}`);
    return actor({ id: `forces:${iso}`, names, kind: 'armed-force', partOf: iso });
  });
  return [
    [...states, ...ORGANISATIONS.map((one) => organisation(one)), ...regions],
    [...countries, ...forces, ...OF_THE_UN.map((one) => organisation(one, 'igo:un'))],
  ];
}
