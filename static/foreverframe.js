/* Foreverframe's client: made of client/, documented in docs/client.md. */
!function(be){var ke,s,a,t,Ee,u,l,f,i,c,g,De,Se,d,y,p,Oe,T,Le,Ie,e,Ue,m;function Ne(){return(new Date).getTime()}
function xe(e,n){return e===Infinity?null:setTimeout(n,Math.min(e,t))}function h(e,n,t){
e.addEventListener?e.addEventListener(n,t,!1):e.attachEvent&&e.attachEvent("on"+n,t)}function v(e,n){for(
var t=0;t<e.length;t++)n(e[t])}function w(e,n){for(var t=0;e[t];)t++;return e[t]=n,t}function Ce(e){try{
return be.JSON?be.JSON.parse(e):new Function("return "+e)()}catch(n){return null}}function $e(){
return"hidden"!==ke.visibilityState}function Ae(e){var n=/^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(e.href)||["","",""];
return(n[1]+"//"+n[2].replace(/:(80|443)?$/,"")).toLowerCase()}function M(){
return be.XMLHttpRequest?new be.XMLHttpRequest:new be.ActiveXObject("Microsoft.XMLHTTP")}function Pe(e,n,t,r,o){var i,
c=M();return c.open(e,n,!0),b(c,o),i=w(a,c),c.onreadystatechange=function(){4===c.readyState&&(a[i]=null),
r&&2<c.readyState&&r(c)},c.send(t),c}function b(e,n){n&&e.setRequestHeader("Authorization","Bearer "+n)}function Fe(e,n,
t){try{Pe("POST",e,n,null,t)}catch(r){!function(e){var n=ke.createElement("div"),t="foreverframe"+String(Math.random()
).substring(2);n.style.display="none",
n.innerHTML='<iframe name="'+t+'"></iframe><form method="post" target="'+t+'"></form>',ke.body.appendChild(n),
n.lastChild.action=e,n.lastChild.submit(),setTimeout(function(){n.parentNode&&n.parentNode.removeChild(n)},1e4)}(e)}}
function qe(e,n,t){var r;try{t&&be.fetch?be.fetch(e,{method:"POST",keepalive:!0,headers:{Authorization:"Bearer "+t}})[
"catch"](function(){}):be.navigator.sendBeacon&&be.navigator.sendBeacon(e,"")||((r=M()).open("POST",e,!1),b(r,t),r.send(
""))}catch(o){}}function Re(e,n){return 0<e?Number(e):n}function Ve(e){return!e.transport||"auto"===e.transport}
function He(e){return e.replace(/[^.]*$/,"")}function _e(e,n){return null!==e&&null!==n&&He(e)===He(n)&&e<=n}
function Xe(e,n,t){return{type:"close",reason:e,reconnect:!1,retryMs:0,cursor:n,text:t}}function je(e){
return e&&/^FF_/.test(e.code)?{type:"error",code:e.code,status:e.status,detail:e.detail,
reconnect:408===e.status||429===e.status||500<=e.status}:null}function k(){for(var e=l.pop();e;
)e.parentNode&&e.parentNode.removeChild(e),e=l.pop()}function E(e){try{return e.contentWindow.document.readyState}catch(
n){return"denied"}}function S(){try{return be.localStorage||null}catch(e){return null}}function Ge(e,n){var t=S(),r=c[e]
try{r=r||t&&t.getItem(i+e)}catch(o){}return 0<(t=r?r-Ne():0)&&t<=n?t:0}function Je(e,n){var t=S();c[e]=n&&Ne()+n;try{
n?t.setItem(i+e,String(c[e])):t.removeItem(i+e)}catch(r){}}function Be(e,n){return Ge("path "+e,n)}function Ke(e,n){Je(
"path "+e,n)}function ze(e,n,t,r){var o,i,c=!1;function a(e){c||(c=!0,clearTimeout(i),r(e))}i=xe(g,function(){a({
state:"away"}),o.abort()});try{o=Pe("GET",e+"?"+n+"at="+Ne(),null,function(e){4===e.readyState&&a(function(e){var n;try{
return(n=Ce(e.responseText)||{}).state?n:n.code?{state:"FF_STREAM_UNKNOWN"===n.code?"unknown":""}:{
state:e.status&&e.status<500?"":"away"}}catch(t){return{state:"away"}}}(e))},t)}catch(s){clearTimeout(i),xe(0,function(
){a({state:""})})}}function We(e){return e.signs+":"+(e.sign?e.sign():"")}function Qe(t,e,r,o){var i,c=Math.max(y,
Math.min(e,r)/d),a=0,s=0,u=p,l=Ne();xe(c*Math.random(),function f(){var e=We(t),n=Ne()-l>c+Oe;t.isLive()&&(l=Ne(),a++,
e!==i?(i=e,s=0,u=p):t.isUnwatched||(s+=n?p:1),!t.isUnwatched&&!t.isMute&&a*c>T*Math.min(r,Se)&&o.good(),(e=r<=s*c
)&&!t.isMute?o.silent():(xe(c,f),e?(s=0,o.missed()):u<=s&&!t.isMute?(u=s+d,o.missed()):n&&$e()&&o.missed()))})}
function n(n){v(Ue.slice(0),function(e){e[n]()})}function r(){Ie=!0,n("begin")}function o(){n("wake")}
be.foreverframe&&be.foreverframe.open||(ke=be.document,s=be.location,a=[],t=2147483647,u=[],l=[],(Ee={}).frame=function(
n){var e,t=n.origin!==Ae(s),r=t?ke:function(){if(!be.ActiveXObject)return ke;try{return f||((f=new be.ActiveXObject(
"htmlfile")).open(),f.write("<html><body></body></html>"),f.close(),f.parentWindow.foreverframe=m),f.body?f:ke}catch(e){
return ke}}(),o=r.createElement("iframe"),i=w(u,n),c="push"+(i||""),a=!1;m[c]=function(e){a=a||"loading"===E(o),u[i]&&u[
i].receive(e)},n.stop=function(){clearInterval(e),u[i]=null,l[l.length]=o,setTimeout(k,0)},t?n.isSource=function(e){
return e&&e==o.contentWindow}:r===ke&&be.addEventListener?(n.sign=function(){return function(e){try{
return e.contentWindow.document.documentElement.innerHTML.length}catch(n){return-1}}(o)},e=setInterval(function(){
var e=E(o);("denied"===e||a&&"loading"!==e)&&n.end()},250)):n.isUnwatched=!0,h(o,"load",function(){n.end()}),
o.style.display="none",o.name=c+Ne(),o.referrerPolicy="origin",o.src=n.url(t?"&origin="+encodeURIComponent(Ae(s)
):"&callback=parent.foreverframe."+c),r.body.appendChild(o)},h(be,"message",function(n){v(u,function(e){
e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(Ce(n.data))})}),Ee.poll=function(o){var r,i,c=null,
a=!o.asksForKept;o.isUnwatched=!0,o.stop=function(e){clearTimeout(i),r&&(c||o.earlier||e)&&r.abort()},function s(n){
var t=Ne(),e=c||o.earlier,e="&wait="+n+(e?"&stream="+encodeURIComponent(e):"");o.limit(1e3*n),r=Pe("GET",o.url(
e+"&at="+t),null,function(e){4===e.readyState&&!function(e,n){var t,r=e&&e.messages;r&&e.gaps?(e.stream!==c&&(c=e.stream
,o.receive({type:"open",stream:c,cursor:r.length?null:e.cursor,close:"streams/"+c+"/close"})),v(e.gaps,o.receive),v(r,
o.receive),o.receive({type:"cursor",cursor:e.cursor}),e.live&&!a&&(a=!0,o.receive({type:"live",cursor:e.cursor})),
e.reason?((t=Xe(e.reason,e.cursor,e.text)).reconnect=!e.stop,o.receive(t)):o.isOnce&&!r.length?o.end():o.isLive(
)&&n&&!r.length?(o.limit(5e3),i=setTimeout(function(){s(25)},5e3)):o.isLive()&&s(o.isOnce?0:25)):o.end(je(e))}(Ce(
e.responseText),n&&Ne()-t<1e3)},o.token)}(0)},Ee.ndjson=function(r){var o=0,e=Pe("GET",r.url(""),null,function(e){
var n=e.responseText,t=n.substring(o).split("\n");o=n.length-t.pop().length,r.signs=n.length,v(t,function(e){r.receive(
Ce(e))}),4===e.readyState?r.end(je(Ce(n))):1e6<o&&r.receive({type:"close",reason:"recycle",reconnect:!0})},r.token);
r.stop=function(){e.abort()}},Ee.sse=function(n){var t=new be.EventSource(n.url(""));v(
"message ff-open ff-cursor ff-live ff-gap ff-expiring ff-close".split(" "),function(e){t.addEventListener(e,function(e){
n.receive(Ce(e.data))})}),t.addEventListener("ff-error",function(e){n.end(Ce(e.data))}),t.onerror=function(){n.end()},
n.isMute=!0,n.stop=function(){t.close()}},i="foreverframe.",c={},De=/^(client|admin|expired|replaced)$/,Se=4e4,d=10,p=12
,Oe=g=5e3,T=4,y=50,Ie=Le=!(Ee.ws=function(n){var e=new be.WebSocket(n.url("").replace(/^http/,"ws"));
e.onmessage=function(e){n.receive(Ce(e.data))},e.onclose=function(){n.end()},n.stop=function(){e.close()}}),Ue=[],m={
open:function(i){var e=function(e){var n=ke.createElement("div"),t=ke.createElement("a");return t.href=e,
be.addEventListener||(n.innerHTML='<a href="'+e.replace(/&/g,"&amp;").replace(/"/g,"&quot;")+'"></a>',t=n.firstChild),t
}(String(i.url||"").replace(/[^\/]$/,"$&/")+"stream"),c=e.href,a=Ae(e),F=(function(e,n){if(!Ve(e)&&!Ee.hasOwnProperty(
e.transport))throw new Error('foreverframe: there is no transport "'+e.transport+'"');if(!/^https?:$/.test(n.protocol)
)throw new Error('foreverframe: "'+e.url+'" is no address of a server')}(i,e),
/^FF_(TOKEN_EXPIRED|TOKEN_INVALID|TICKET_INVALID)$/),R=2e3,s=null,u=!1;function H(n){var t=!1;i.token(function(e){t||(
s=e,u=!(t=!0),xe(0,n))})}function _(){var e=i.token&&u;return e&&(s=null),e}var X,j,B=3e4,K=5,o=Re(i.retryMs,5e3),l=0,
f=!1;function W(e,n){d(),j=xe(e,n)}function d(){clearTimeout(j)}function p(){d(),h?Be(a,v)?k("poll","remembered"):Le?k(
"frame"):k("poll","loading"):k(i.transport)}function m(e,n,t){var r=e;t&&(f=!(Math.abs(Ne()-X)<B),X=f?Ne():X),
0<e&&o!==Infinity||(r=f?o/K:o,r*=Math.pow(2,Math.max(0,f?l-1:l)),r=Math.min(r,Math.max(o,B)),r*=f?.5+Math.random(
):.75+Math.random()/2,r=Math.round(r)),l++,W(r,p),x("lost",{retryMs:r,reason:n})}var h=Ve(i),D=16,v=Re(i.frameAgainMs,
6e5),g=v/D,y=0;function q(){return h&&T&&"poll"===T.transport&&!T.isOnce}function V(){y=0,g=v/D}function G(){W(Be(a,v),
function(){g=Math.min(2*g,v),J()})}function J(){Le&&k("frame","again")}var T=null,w=null,M=null,z=3,Q=Math.min(Re(
i.silentMs,Se)/4,3e4),b=15e3;function k(o,e,n){var r={transport:o,origin:a,isOnce:n,earlier:"poll"===o&&!n&&M&&M.polled,
isEarly:!Le,signs:0,asksForKept:null!==U.cursor||!!(i.after||i.last||i.each||i.since),url:function(e){
var n=r.ticket?"&ticket="+r.ticket:"",t=me||/&stream=/.test(e)?U.cursor:null;return c+function(e,n){
var t="?transport="+o;function r(e,n){n&&(t+="&"+e+"="+encodeURIComponent(String(n)))}return r("channels",e.channels),r(
"after",null===n?e.after:n),null!==n||e.after||(r("last",e.last),r("each",e.each),r("since",function(e){
return e&&e.getTime?e.getTime():e}(e.since))),r("latest",e.latest&&1),r("client",e.client),t}(i,t)+n+e},isLive:function(
){return r===T||r===w},receive:function(e){r.signs++,e&&r.isLive()?function(e,n){"open"===n.type?function(e,n){
var t=e!==T&&T&&!T.isOnce;e.closeUrl=Z(n),e.polled="poll"===e.transport?n.stream:null,"closing"===U.state?Fe((M=e
).closeUrl,"",s):(e!==T&&(ee(T),w=null),T=e,b=Re(n.heartbeatMs,b),M=e.isOnce?null:e,U.stream=e.isOnce?null:n.stream,
U.transport=e.isOnce?"shared":e.transport,function(e){return null!==e&&null!==U.cursor&&He(e)!==He(U.cursor)}(n.cursor
)||C(n.cursor),clearTimeout(e.timer),Qe(e,b,Re(i.silentMs,z*b),{good:V,missed:oe,silent:function(){y++,S(e,null,"silent"
)}}),d(),l=0,u=!(f=!1),function(e){t&&(y=1),q()&&(e.isEarly||Be(a,v)||Ke(a,g),G()),"frame"===e.transport&&Ke(a,0)}(e),
function(n){xe(t?0:ie,function(){h&&n===T&&"frame"===n.transport&&!Ge("prompt "+a,ce)&&ze(re(n),"echo=1&",s,function(e){
e.echo&&!function i(n,t){var r=We(n),o=Ne();xe(O,function(){var e=Math.abs(Ne()-o)>O+Oe;n===T&&"open"===U.state&&(
n.hasEchoed?Je("prompt "+a,ce):e||We(n)!==r?t&&i(n,t-1):(n.isHeld=!0,S(n,null,"held")))})}(n,ae)})})}(e),e.isOnce?x(
"open",{transport:"shared"}):(x("open",n),N("onopen",n)))}(e,n):"error"===n.type?S(e,n):"expiring"===n.type?function r(n
,t){function e(){Pe("POST",n.closeUrl.replace(/close$/,"token"),"",function(e){4!==e.readyState||(Ce(e.responseText)||{}
).stream||R<t&&xe(t/2,function(){n===T&&r(n,t/2)})},s)}i.token?H(e):e()}(e,n.inMs):e===T&&(
e.hasEchoed=e.hasEchoed||n.echo,ge(n))}(r,e):e&&"open"===e.type&&Fe(Z(e),"",s)},end:function(e){r.isLive()&&S(r,e,
r===T?"cut":"failed")},limit:function(e){clearTimeout(r.timer),r.timer=setTimeout(function(){S(r,null,"silent")},e+Q)}};
E(w),(w=r).limit(0);try{!function(t,r){!function(e){i.token&&!s?H(e):e()}(function(){var e=t.transport;
s&&"poll"!==e&&"ndjson"!==e?Pe("POST",c.replace(/stream$/,"tickets"),'{"channels":"'+String(i.channels).replace(/[\\"]/g
,"\\$&")+'"}',function(e){var n;4===e.readyState&&((n=Ce(e.responseText))&&n.ticket?(t.ticket=n.ticket,r()):t.end(je(n))
)},s):(t.token=s,r())})}(r,function(){r.isLive()&&Y(o,r)})}catch(t){setTimeout(function(){throw r.end(),t},0)}T||x(
"connecting",{transport:o,reason:e||null})}function Y(e,n){try{Ee[e](n)}catch(t){setTimeout(function(){n.end(h?null:{
type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+e+'" ('+t.message+'): take "auto" instead',reconnect:!1})},0)}}function Z(e){
return c.replace(/stream$/,"")+e.close}function E(e){e&&(clearTimeout(e.timer),e===w&&(w=null),e===T&&(T=null,
U.stream=null),e.stop&&(e.stop(P),e.stop=null),e.isOnce)&&e.closeUrl&&Fe(e.closeUrl,"",s)}function ee(e){e&&e===T&&ne(Fe
),E(e)}function ne(e){M&&(e(M.closeUrl,"",s),M=null)}function S(n,e,t,r){var o=n===T;("silent"===t||"held"===t?ee:E)(n),
n.isOnce&&e&&!e.reconnect?ye(e):n.isOnce?pe(o):"closing"===U.state?A("client"):T?(Ke(a,g),G()):e?ye(e):function(e){
return h&&"frame"===n.transport&&(!e||n.isHeld||1<y)?(y=0,k("poll",t),1):void(e||Ke(a,0))}(o)||m(r||0,t,o)}function te(e
){var n=T;M=null,"closing"===U.state?A(e.reconnect?"client":e.reason):"expired"===e.reason&&"poll"===n.transport&&_()?(
E(n),m(1,e.reason)):e.reconnect?n.isOnce?(E(n),pe(!1)):"recycle"===e.reason?(T=null,U.stream=null,k(n.transport,
"recycle"),E(n)):(E(n),m(e.retryMs,e.reason)):(I(e,U.cursor),$("closed",e,"onclose"))}var O=1e3;function re(e){
return e.closeUrl.replace(/\/close$/,"")}function oe(){var t,r=T;function o(){return r===T&&"open"===U.state}
r&&!r.isOnce&&!r.isAsking&&o()&&(t=We(r),r.isAsking=!0,ze(re(r),"",s,function(e){var n="closed"===e.state&&De.test(
e.receipt.reason);r.isAsking=!1,o()&&("unknown"===e.state||"closed"===e.state&&!n?S(r,null,"cut",1
):"away"===e.state&&We(r)===t?S(r,null,"cut"):"away"===e.state?xe(O,oe):e.state&&xe(O,function(){o()&&(n?te(Xe(
e.receipt.reason,e.cursor,e.receipt.text)):We(r)!==t||_e(e.cursor,U.cursor)||(r.isHeld=!0,S(r,null,"silent")))}))}))}
var t,ie=3e3,ce=12e5,ae=5,se=5,r=null,n=!1,L=0;function ue(){r&&(r.leave(),r=null)}function I(e,n){"epoch"===e.reason&&(
t=e.after+e.upTo),r&&r.tell(e,n)}function le(){n=!1,E(w),E(T),p()}function fe(){n=!0,d(),E(w),ee(T),U.transport="shared"
}function de(e){var n=e.event;n&&"close"===n.type?$("closed",n,"onclose"):(n&&_e(e.before,U.cursor)&&ge(n),
"beat"===e.kind&&0<L&&L--,ve()||w||T||0<L||("open"!==e.state||_e(e.cursor,U.cursor
)&&e.restart===t?e.state!==U.state&&/^(connecting|open|lost)$/.test(e.state)&&x(e.state,{transport:"shared",
reason:e.reason,retryMs:e.retryMs}):(t=e.restart,k("poll","shared",!0))))}function pe(e){L=e?0:se}
var me=!i.each||!!i.after,he={},U={state:"connecting",cursor:null,stream:null,transport:null,close:function(){ve(
)||"closing"===U.state||(!T||T.isOnce?(ne(Fe),A("client")):(ue(),E(w),Fe(T.closeUrl,"",s),W(2e3,function(){A("client")})
,x("closing",{})))},ack:function(){T&&M&&null!==U.cursor&&Fe(M.closeUrl.replace(/close$/,"ack"),
'{"cursor":"'+U.cursor+'"}',s)}};function N(e,n,t){if(i[e])try{i[e](n,t)}catch(r){setTimeout(function(){throw r},0)}}
function x(e,n){N("onstate",U.state=e,he=n)}function ve(){return"closed"===U.state||"refused"===U.state}function C(e){
return null!==e&&!_e(e,U.cursor)&&(U.cursor=e,1)}function ge(e){var n=U.cursor;"message"===e.type?C(e.id)&&(I(e,n),N(
"onmessage",e)):"cursor"===e.type?C(e.cursor)&&I(e,n):"live"===e.type?(me=!0,C(e.cursor),I(e,n),N("onlive",e)
):"gap"===e.type?("epoch"===e.reason&&(U.cursor=e.upTo),I(e,n),N("ongap",e)):"close"===e.type&&te(e)}function ye(e){
F.test(e.code)&&_()?m(1,e.code):e.reconnect?(m(0,e.code),N("onerror",e)):$("refused",e,"onerror")}function $(e,n,t){Me()
,function(e){for(var n=0;n<Ue.length;n++)if(Ue[n]===e)return Ue.splice(n,1)}(Te),x(e,n),N(t,n)}function A(e){$("closed",
Xe(e,U.cursor),"onclose")}var P=!1,Te={begin:we,hide:function(){ne(qe),P=!0,Me()},show:function(){P&&(P=!1,
"closing"===U.state?A("client"):Ie&&we())},loaded:function(){!q()||w||Be(a,v)||J()},wake:function(){(
"lost"!==U.state||n||P?oe:p)()}};function we(){ve()||P||r||w||T||(i.share&&(r=function(e,i){var n,c=String(Math.random()
),t=!1,r=0,a=0,o=Ne()-2e3,s=!0,u=function(n,t){var r,o;function i(e){e.key===n&&e.newValue&&t(Ce(e.newValue))}try{if(
be.BroadcastChannel)return(r=new be.BroadcastChannel(n)).onmessage=function(e){t(e.data)},{say:function(e){
r.postMessage(e)},close:function(){r.close()}};if((o=be.localStorage).setItem(n,""),be.addEventListener
)return be.addEventListener("storage",i,!1),{say:function(e){o.setItem(n,be.JSON.stringify(e))},close:function(){
be.removeEventListener("storage",i,!1);try{o.removeItem(n)}catch(e){}}}}catch(e){}return null}(e,function(e){
u&&e&&e.from!==c&&("hello"===e.kind?t&&l("beat"):"bye"===e.kind?f():t&&!(e.visible===$e()?e.from<c:e.visible)?l("beat"
):(t&&(t=!1,i.release()),o=Ne(),s=!1,$e()&&!e.visible&&f(),i.follow(e)))});function l(e,n,t){var r={n:++a,from:c,kind:e,
visible:$e(),event:n,before:t};i.describe(r);try{u.say(r)}catch(o){}}function f(){o=Ne()-2e3,s=!0}return u?(
n=setInterval(function(){var e=Ne()-o;r++,t?r%4!=0&&$e()||l("beat"):e<0?o=Ne():s&&e>($e()?2e3:2400)?(t=!0,l("beat"),
i.hold()):1200<e&&(s=!0,l("hello"))},250),l("hello"),{tell:function(e,n){t&&l("event",e,n)},leave:function(){
clearInterval(n),t&&l("bye"),u.close(),u=null}}):null}(["foreverframe",c,i.channels,i.client,!!i.latest].join("\n"),{
describe:function(e){e.state=U.state,e.reason=he.reason,e.retryMs=he.retryMs,e.cursor=U.cursor,e.restart=t},hold:le,
release:fe,follow:de})),n=!!r,r)||p()}function Me(){d(),E(w),E(T),ue()}return function(e){Ue[Ue.length]=e,
Ie&&setTimeout(e.begin,0)}(Te),U}},"complete"===ke.readyState?Le=Ie=!0:(h(be,"load",function(){setTimeout(function(){
Le=!0,r(),n("loaded")},50)}),setTimeout(function O(){ke.body?r():setTimeout(O,250)},1e4)),h(be,
"onpagehide"in be?"pagehide":"unload",function(){n("hide"),k()}),h(be,"pageshow",function(e){e.persisted&&n("show")}),h(
be,"online",o),h(ke,"resume",o),h(ke,"visibilitychange",function(){$e()?Ne()-e>Oe&&o():e=Ne()}),be.foreverframe=m)}(
window);
